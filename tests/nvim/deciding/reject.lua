return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  local run = t.wait_for_proposals()
  t.wait_for_notice(("rummy %s: 1 proposal waits for you"):format(run.run))

  vim.cmd("Rummy reject not like that")
  t.wait_for_notice("there is no proposal on this line")

  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  vim.cmd("Rummy reject not like that")
  t.wait_for_status(204)
  t.equal({ "local function greet(name)", '  print("hi " .. name)', "end" }, t.lines())
  t.wait_for_notice(("rummy %s: there was nothing to do (204): Left it alone"):format(run.run))
end
