--- Two hunks of one proposal, one after the other: the first adds lines above the second, which adds
--- one behind the last line.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act say what it does, and do it")
  local run = t.wait_for_proposals()
  t.equal({ 0, 3 }, t.hunk_lines(run))

  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  t.code_action("quickfix.rummy.accept", "Accept this change (+2 −0)")
  t.wait("the marks of the second", function()
    return t.marked(4)
  end)
  -- What stands in the text is not shown any more even before it is recorded.
  t.wait("the first to be recorded", function()
    return vim.deep_equal({ 5 }, t.hunk_lines(t.event("RummyProposal")))
  end)

  vim.cmd.normal("G")
  t.code_action("quickfix.rummy.accept", "Accept this change (+1 −0)")
  t.wait_for_status(200)
  t.equal({
    "--- Greets.",
    "--- Politely.",
    "local function greet(name)",
    '  print("hi " .. name)',
    "end",
    'greet("you")',
  }, t.lines())
end
