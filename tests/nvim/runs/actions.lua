return function(t)
  vim.cmd.edit("greet.lua")
  -- The first command starts the server.
  vim.cmd("Rummy ask who is greeted?")
  t.wait_for_notice("done (200): Everyone")
  vim.ui.input = function(options, answer)
    t.equal("Ask Rummy: ", options.prompt)
    answer("  what is this? ")
  end
  t.type("2GVj")
  t.code_action("refactor.rewrite.rummy", "Ask Rummy about the selection")
  t.wait_for_notice("done (200): It greets")
end
