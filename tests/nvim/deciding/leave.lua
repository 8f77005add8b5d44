return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  t.wait_for_proposals()
end
