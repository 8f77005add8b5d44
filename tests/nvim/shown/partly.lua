--- One of two changes is in conflict, and only that is drawn so: both add lines, so neither has lines that
--- could be looked for.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act @half say what it does, and do it")
  t.wait("both changes", function()
    return #t.drawn() == 2
  end)
  local function signs()
    return vim.tbl_map(function(one)
      return one.sign
    end, t.drawn())
  end
  t.equal({ "+", "+" }, signs())
  vim.api.nvim_buf_set_lines(0, 0, 0, true, { "--- Something else." })
  t.wait("the one conflict", function()
    return vim.deep_equal({ "!", "+" }, signs())
  end)
  t.equal("conflict: the text is another one than for rummy half", t.drawn()[1].label)
  t.equal({ 'greet("you")' }, t.drawn()[2].added)
  vim.cmd("Rummy review")
  t.equal(
    {
      { "W", "conflict: half: + --- Greets." },
      { "I", 'half: + greet("you")' },
    },
    vim.tbl_map(function(item)
      return { item.type, item.text }
    end, vim.fn.getqflist())
  )
  vim.cmd.cclose()

  vim.cmd("$Rummy accept")
  t.wait("the other to be accepted", function()
    return vim.deep_equal({ "!" }, signs())
  end)
  t.equal({
    "--- Something else.",
    "local function greet(name)",
    '  print("hi " .. name)',
    "end",
    'greet("you")',
  }, t.lines())
end
