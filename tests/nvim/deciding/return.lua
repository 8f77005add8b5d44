return function(t)
  vim.cmd.edit("greet.lua")
  require("rummy").setup({ show = { lenses = true, diagnostics = true } })
  local run = t.wait_for_proposals()
  t.equal(("rummy %s · 1 pending"):format(run.run), require("rummy").status())
  t.wait("the diagnostic and the lenses", function()
    return t.annotated(1)
  end)

  -- The diff is shown in a window of its own.
  local client = vim.lsp.get_clients({ name = "rummy" })[1]
  local diff = vim.lsp.codelens.get(vim.api.nvim_get_current_buf())[3].command
  client.commands[diff.command](diff, { client_id = client.id, bufnr = 0 })
  local window = t.wait("the diff", function()
    return vim.api.nvim_list_wins()[2]
  end)
  local shown = t.lines(vim.api.nvim_win_get_buf(window))
  assert(vim.list_contains(shown, '+  print("Good day, " .. name)'), vim.inspect(shown))

  vim.cmd("Rummy accept")
  t.wait_for_notice("there is no proposal on this line")
  vim.cmd("2Rummy accept")
  t.wait("the accepted text", function()
    return t.lines()[2] == '  print("Good day, " .. name)'
  end)
  t.wait("nothing to be pending", function()
    return require("rummy").status() == ""
  end)
end
