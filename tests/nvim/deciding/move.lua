--- The user types above a hunk: it moves, and is accepted where it has moved to.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  local before = t.wait_for_proposals()
  t.wait("the marks", function()
    return t.marked(1)
  end)
  t.type("ggO-- one<CR>two<Esc>")
  local run = t.wait_for_proposals(before)
  t.equal(false, run.proposals[1].conflict)
  t.equal(3, run.proposals[1].hunks[1].range.start.line)
  t.wait("the marks to move", function()
    return t.marked(3)
  end)

  vim.api.nvim_win_set_cursor(0, { 4, 0 })
  t.code_action("quickfix.rummy.accept", "Accept this change")
  t.wait_for_status(200)
  t.equal(
    { "-- one", "-- two", "local function greet(name)", '  print("Good day, " .. name)', "end" },
    t.lines()
  )
end
