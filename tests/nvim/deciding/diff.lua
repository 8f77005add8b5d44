--- A proposal beside its file: changes are accepted there with the keys of a diff.
return function(t)
  vim.o.switchbuf = "usetab"
  vim.cmd.edit("greet.lua")
  t.type("ggO-- mine<Esc>")
  vim.cmd("Rummy act say what it does, and do it")
  t.wait_for_proposals()
  vim.cmd("Rummy diff")
  t.equal(2, #vim.api.nvim_list_tabpages())
  local windows = vim.api.nvim_tabpage_list_wins(0)
  t.equal(2, #windows)
  local after = {
    "-- mine",
    "--- Greets.",
    "local function greet(name)",
    '  print("Good day, " .. name)',
    "end",
    'greet("you")',
  }
  local proposed = vim.api.nvim_win_get_buf(windows[2])
  t.wait("the proposal's text", function()
    return vim.deep_equal(after, t.lines(proposed))
  end)
  t.equal("lua", vim.bo[proposed].filetype)
  t.equal({ true, true }, { vim.wo[windows[1]].diff, vim.wo[windows[2]].diff })

  -- The view of the run takes no part in it.
  vim.cmd("Rummy log")
  t.equal(false, vim.wo.diff)
  vim.cmd("close | wincmd b | close")
  t.equal(windows, vim.api.nvim_tabpage_list_wins(0))

  -- Asked for again, it is the same one.
  vim.cmd("1tabnext")
  vim.cmd("Rummy diff")
  t.equal(2, #vim.api.nvim_list_tabpages())

  -- From the right side, and from the left.
  vim.api.nvim_set_current_win(windows[2])
  vim.api.nvim_win_set_cursor(0, { 4, 0 })
  t.type("dp")
  t.wait("the change in the file", function()
    return t.lines(vim.api.nvim_win_get_buf(windows[1]))[3] == '  print("Good day, " .. name)'
  end)
  vim.api.nvim_set_current_win(windows[1])
  t.wait("one to be left of the others", function()
    return #t.drawn() == 2
  end)
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  t.type("do")
  t.wait("the other change", function()
    return t.lines()[2] == "--- Greets."
  end)

  -- With the last one the view ends, and nothing of it stays.
  vim.api.nvim_set_current_win(windows[2])
  vim.cmd("$Rummy accept")
  t.wait_for_status(200)
  t.wait("the view to end", function()
    return #vim.api.nvim_list_tabpages() == 1
  end)
  t.equal("greet.lua", vim.fn.expand("%:t"))
  t.equal(after, t.lines())
  t.equal(false, vim.wo.diff)
  t.equal("", vim.fn.maparg("do", "n"))
  t.equal(0, vim.api.nvim_buf_is_valid(proposed) and 1 or 0)
end
