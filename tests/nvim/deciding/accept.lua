return function(t)
  vim.cmd.edit("greet.lua")
  t.type("ggO-- mine<Esc>")
  vim.cmd("Rummy act be polite")
  local run = t.wait_for_proposals()
  t.equal("Edit greet.lua (+1 −1)", run.proposals[1].title)
  t.equal({ "-- mine", "local function greet(name)", '  print("hi " .. name)', "end" }, t.lines())

  t.wait("the change to be shown", function()
    return #t.drawn() > 0
  end)
  t.equal({
    {
      first = 2,
      last = 2,
      sign = "~",
      added = { '  print("Good day, " .. name)' },
      label = "rummy " .. run.run,
    },
  }, t.drawn())
  t.equal({}, t.diagnostics(), "nothing says the same twice")
  t.equal({}, t.lenses())
  t.wait_for_status(202)
  local info = require("rummy").info()
  local tokens_free = info.tokens_free
  t.equal({
    run = run.run,
    status = 202,
    turn = 2,
    phase = "discover",
    activity = "waiting",
    model = "test",
    tokens_free = tokens_free,
    pending = 1,
  }, info)
  t.equal(
    ("rummy %s · turn 2 · discover · waiting · %.1fk free · 1 pending"):format(
      run.run,
      tokens_free / 1000
    ),
    require("rummy").status()
  )

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
    return #t.drawn() == 0
  end)
  t.wait_for_notice(("rummy %s: done (200): Made it polite"):format(run.run))
  t.equal("", require("rummy").status())
end
