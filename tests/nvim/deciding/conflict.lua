return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  local before = t.wait_for_proposals()
  t.type("2GA -- mine<Esc>")
  local run = t.wait_for_proposals(before)
  t.equal(true, run.proposals[1].conflict)

  vim.cmd("Rummy accept")
  t.wait("the reason to be shown", function()
    return vim.fn.execute("messages"):find("conflict:", 1, true)
  end)
  t.equal('  print("hi " .. name) -- mine', t.lines()[2])
  t.equal(1, #run.proposals)

  -- The user takes the own change back: the proposal fits again.
  vim.cmd.undo()
  t.wait("the conflict to end", function()
    return not t.event("RummyProposal").proposals[1].conflict
  end)
  vim.cmd("Rummy accept")
  t.wait_for_status(200)
  t.equal('  print("Good day, " .. name)', t.lines()[2])
end
