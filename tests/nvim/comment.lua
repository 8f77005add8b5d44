--- Without the plugin: a comment asks for the run.
return function(t)
  vim.cmd.edit("greet.lua")
  local id = vim.lsp.start({ name = "plain", cmd = { "rummy-lsp" }, root_dir = vim.uv.cwd() })
  local client = vim.lsp.get_client_by_id(id)
  t.wait("the server", function()
    return client.initialized
  end)
  t.equal(nil, package.loaded["rummy"])
  t.type("ggO-- AI: be polite<CR>to everyone<Esc>")
  t.code_action("refactor.rewrite.rummy", "Let Rummy: be polite")
  t.wait("the diagnostic", function()
    return #t.diagnostics() > 0
  end)
  t.equal({ { line = 3, source = "rummy", code = "proposal" } }, t.diagnostics())
end
