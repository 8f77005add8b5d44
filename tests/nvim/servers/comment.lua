--- Without the plugin: a comment asks for the run.
return function(t)
  vim.cmd.edit("greet.lua")
  t.start_plain()
  t.type("ggO-- AI: be polite<CR>to everyone<Esc>")
  t.code_action("refactor.rewrite.rummy", "Let Rummy: be polite")
  t.wait("the diagnostic", function()
    return #t.diagnostics() > 0
  end)
  t.equal({ { line = 3, source = "rummy", code = "proposal" } }, t.diagnostics())
end
