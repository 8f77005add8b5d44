--- A file that is renamed while it has unsaved changes.
return function(t)
  vim.cmd.edit("greet.lua")
  t.type("ggO-- mine<Esc>")
  vim.cmd("Rummy act call it hello")
  local run = t.wait_for_proposals()
  t.equal("Rename greet.lua to hello.lua", run.proposals[1].title)
  t.wait("the mark", function()
    return t.marked(0)
  end)

  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  t.code_action("quickfix.rummy.accept", "Accept “Rename greet.lua to hello.lua”")
  t.wait_for_status(200)
  t.equal("hello.lua", vim.fn.expand("%:t"))
  t.equal({ "-- mine", "local function greet(name)", '  print("hi " .. name)', "end" }, t.lines())
  t.equal(nil, t.on_disk("greet.lua"))
  t.equal(0, vim.fn.bufloaded("greet.lua"))

  t.wait("the mark to go", function()
    return #vim.diagnostic.get(0) == 0
  end)

  -- The server follows the file: it shows what is proposed next on the new name.
  vim.cmd("Rummy act be polite")
  t.wait("the next proposal", function()
    return t.marked(2)
  end)
  vim.cmd("3Rummy accept")
  t.wait("the accepted text", function()
    return t.lines()[3] == '  print("Good day, " .. name)'
  end)
end
