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
end
