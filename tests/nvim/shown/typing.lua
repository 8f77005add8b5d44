--- While the user types, what is drawn moves with the text, and no mark is drawn again.
local function ids()
  local namespace = vim.api.nvim_get_namespaces()["rummy.changes"]
  return vim.tbl_map(function(mark)
    return mark[1]
  end, vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, {}))
end

return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  local before = t.wait_for_proposals()
  t.wait("the change to be drawn", function()
    return t.marked(1)
  end)
  local drawn = ids()
  for line = 1, 5 do
    t.type("ggOa line<Esc>")
    t.equal(true, t.marked(1 + line), "it moves at once")
    t.wait("the server to see it", function()
      local run = t.wait_for_proposals(before)
      return t.hunk_lines(run)[1] == 1 + line
    end)
    t.equal(true, t.marked(1 + line))
  end
  t.equal(drawn, ids(), "and is the same")

  -- Into the line itself, and back.
  t.type("7GA -- mine<Esc>")
  t.wait("the conflict to be drawn", function()
    local now = t.drawn()
    return #now == 1 and now[1].sign == "!" and now[1].first == 6
  end)
  t.equal(nil, t.drawn()[1].added)
  vim.cmd.undo()
  t.wait("the change to be drawn again", function()
    return t.marked(6)
  end)
  -- Written by hand, it is not shown as what is yet to be done.
  vim.api.nvim_buf_set_lines(0, 6, 7, true, { '  print("Good day, " .. name)' })
  t.wait("nothing to be drawn", function()
    return #t.drawn() == 0
  end)
  vim.api.nvim_buf_set_lines(0, 6, 7, true, { '  print("hi " .. name)' })
  t.wait("the change to be drawn again", function()
    return t.marked(6)
  end)
  vim.cmd("7Rummy accept")
  t.wait_for_status(200)
  t.equal('  print("Good day, " .. name)', t.lines()[7])
end
