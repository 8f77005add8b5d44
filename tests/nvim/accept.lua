return function(t)
  vim.cmd.edit("greet.lua")
  t.type("ggO-- mine<Esc>")
  vim.cmd("Rummy act be polite")
  local run = t.wait_for_proposals()
  t.equal("Edit greet.lua (+1 −1)", run.proposals[1].title)
  t.equal({ "-- mine", "local function greet(name)", '  print("hi " .. name)', "end" }, t.lines())

  t.wait("the diagnostic and the lenses", function()
    return #t.diagnostics() > 0 and #t.lenses() > 0
  end)
  t.equal({ { line = 2, source = "rummy", code = "proposal" } }, t.diagnostics())
  t.equal({ "Accept", "Reject", "Diff" }, t.lenses())
  t.wait_for_status(202)
  t.equal(("rummy %s · turn 2 · waiting · 1 pending"):format(run.run), require("rummy").status())

  vim.api.nvim_win_set_cursor(0, { 3, 0 })
  t.code_action("quickfix.rummy.accept", "Accept this change")
  t.wait_for_status(200)
  local mine = { "-- mine", "local function greet(name)", '  print("hi " .. name)', "end" }
  local both = { "-- mine", "local function greet(name)", '  print("Good day, " .. name)', "end" }
  t.equal(both, t.lines())
  t.equal(true, vim.bo.modified, "the buffer had unsaved changes and must still have them")
  t.equal('local function greet(name)\n  print("hi " .. name)\nend\n', t.on_disk("greet.lua"))

  vim.cmd.undo()
  t.equal(mine, t.lines(), "undo takes the accepted change back, and only that")
  vim.cmd.redo()
  t.equal(both, t.lines(), "redo brings it again")
  vim.cmd.write()
  t.equal(table.concat(both, "\n") .. "\n", t.on_disk("greet.lua"))

  t.wait("nothing to be shown any more", function()
    return #t.diagnostics() == 0 and #t.lenses() == 0
  end)
  t.wait_for_notice(("rummy %s: done (200): Made it polite"):format(run.run))
  t.equal("", require("rummy").status())
end
