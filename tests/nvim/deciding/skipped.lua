--- Without the plugin, but with versions in edits: the user types while an edit is on its way. Neovim
--- skips the edit and says that it was applied.
return function(t)
  vim.cmd.edit("greet.lua")
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  capabilities.workspace.workspaceEdit.documentChanges = true
  t.start_plain({ capabilities = capabilities })
  t.type("ggO-- AI: be polite<Esc>")
  t.code_action("refactor.rewrite.rummy", "Let Rummy: be polite")
  t.wait("the diagnostic", function()
    return #t.diagnostics() > 0
  end)

  local answers = t.before_an_edit("3GA -- mine<Esc>")
  vim.api.nvim_win_set_cursor(0, { 3, 0 })
  t.code_action("quickfix.rummy.accept", "Accept this change")
  t.wait("the reason to be shown", function()
    return vim.fn.execute("messages"):find("could not apply", 1, true)
  end)
  t.equal({ { applied = true } }, answers)
  t.equal('  print("hi " .. name) -- mine', t.lines()[3])
  t.equal(1, #t.diagnostics())
end
