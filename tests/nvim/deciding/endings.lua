--- Files whose lines end another way: with CRLF, and the last one not at all.
return function(t)
  vim.cmd.edit("dos.txt")
  t.equal("dos", vim.bo.fileformat)
  vim.cmd("Rummy act @dos change the second, and add one")
  t.wait("the changes", function()
    return #t.drawn() == 2
  end)
  t.equal({
    { first = 1, last = 1, sign = "~", label = "rummy dos", added = { "zwei" } },
    { first = 2, last = 2, sign = "+", added = { "vier" } },
  }, t.drawn())
  vim.cmd("%Rummy accept")
  t.wait_for_status(200)
  t.equal("one\r\nzwei\r\nthree\r\nvier\r\n", t.on_disk("dos.txt"))

  vim.cmd.edit("open.txt")
  vim.cmd("Rummy act @open add one")
  t.wait("the change", function()
    return #t.drawn() > 0
  end)
  vim.cmd("%Rummy accept")
  t.wait_for_notice("rummy open: done (200)")
  t.wait("nothing to be drawn", function()
    return #t.drawn() == 0
  end)
  t.equal({ "one", "two", "three" }, t.lines())

  -- Nor are they lost where a proposal is edited.
  -- Else Neovim itself adds the last one.
  vim.o.fixendofline = false
  vim.cmd.edit("both.txt")
  vim.cmd("Rummy act @both change the second")
  t.wait("the change", function()
    return #t.drawn() == 1
  end)
  vim.cmd("Rummy edit")
  t.wait("the proposal's text", function()
    return vim.deep_equal({ "one", "zwei" }, t.lines())
  end)
  vim.api.nvim_buf_set_lines(0, 1, 2, true, { "deux" })
  vim.cmd.write()
  t.wait_for_notice("rummy both: done (200)")
  t.equal("one\r\ndeux", t.on_disk("both.txt"))
end
