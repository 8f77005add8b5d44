--- An open file is deleted.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act remove it")
  local run = t.wait_for_proposals()
  t.equal("Delete greet.lua (−3)", run.proposals[1].title)

  -- It was to go as it was when it was proposed.
  t.type("ggO-- mine<Esc>")
  run = t.wait_for_proposals(run)
  t.equal(true, run.proposals[1].conflict)
  vim.cmd("Rummy accept!")
  t.wait("the reason to be shown", function()
    return vim.fn.execute("messages"):find("conflict:", 1, true)
  end)
  t.equal("-- mine", t.lines()[1])

  vim.cmd.undo()
  t.wait("the conflict to end", function()
    return not t.event("RummyProposal").proposals[1].conflict
  end)
  vim.cmd("Rummy accept!")
  t.wait_for_status(200)
  t.equal(nil, t.on_disk("greet.lua"))
  t.equal(0, vim.fn.bufloaded("greet.lua"))
end
