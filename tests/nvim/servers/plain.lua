--- Without the plugin: Neovim's own client, code actions and nothing else.
return function(t)
  vim.cmd.edit("greet.lua")
  t.start_plain()
  local command = { command = "rummy.act", arguments = { { prompt = "be polite" } } }
  vim.lsp.buf_request_all(0, "workspace/executeCommand", command, function() end)
  t.wait("the diagnostic", function()
    return #t.diagnostics() > 0
  end)
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  t.code_action("quickfix.rummy.accept", "Accept this change")
  t.wait("the accepted text", function()
    return t.lines()[2] == '  print("Good day, " .. name)'
  end)
  t.wait("the diagnostic to go", function()
    return #t.diagnostics() == 0
  end)
end
