--- Of a long change some lines are shown, and no more than were asked for; the rest is in the diff.
return function(t)
  require("rummy").setup({ autostart = false, show = { max_lines = 2 } })
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act @long add a poem")
  t.wait_for_status(202)
  t.wait("the change", function()
    return #t.drawn() == 1
  end)
  t.equal({
    {
      first = 2,
      last = 2,
      sign = "+",
      label = "rummy long",
      added = { "-- line 1", "-- line 2", "… 498 more lines; :Rummy diff shows them" },
    },
  }, t.drawn())
  vim.cmd("Rummy diff")
  t.wait("all of it", function()
    return #t.lines(vim.fn.bufnr("rummy:/long?diff")) == 503
  end)
  vim.cmd("Rummy reject too long")
  t.wait_for_status(204)
  t.wait("the view to end", function()
    return #vim.api.nvim_list_tabpages() == 1
  end)
  t.equal({}, t.drawn())
end
