--- Going from change to change, in this file and to the next.
return function(t)
  require("rummy").setup({ autostart = false, keys = true })
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act say what it does, and do it")
  local run = t.wait_for_proposals()
  t.wait("both files to be offered", function()
    run = t.event("RummyProposal")
    return #run.proposals == 2
  end)
  local function line()
    return vim.api.nvim_win_get_cursor(0)[1]
  end
  local function go(keys)
    t.type(keys)
    return line()
  end
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  t.equal({ 3, 1, 3, 3, 1 }, { go("]r"), go("]r"), go("[r"), go("2]r"), go("3[r") })

  -- A fold is opened.
  vim.cmd("2,3fold")
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  t.equal(3, go("]r"))
  t.equal(-1, vim.fn.foldclosed(3))

  -- Where there is nothing, it goes to a file that has something.
  vim.cmd.edit("NOTES")
  t.type("]r")
  t.equal("greet.lua", vim.fn.expand("%:t"))
  vim.cmd.buffer("NOTES")
  vim.cmd("Rummy prev")
  t.equal("other.lua", vim.fn.expand("%:t"))
  t.equal(1, line())
  t.equal(true, t.marked(0))

  vim.cmd("Rummy reject! all wrong")
  t.wait_for_status(204)
  vim.cmd("Rummy next")
  t.wait_for_notice("nothing is pending in a file")
end
