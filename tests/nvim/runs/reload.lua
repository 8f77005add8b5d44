--- Files that a command changes on the disk: buffers without changes are read again, others never touched.
return function(t)
  vim.cmd.edit("mine.txt")
  t.type("ggOmy own line<Esc>")
  vim.cmd.edit("greet.lua")
  t.choose("Run")
  vim.cmd("Rummy act sign both")
  t.wait_for_status(200)
  t.wait("the file to be read again", function()
    return t.lines()[4] == "-- signed"
  end)
  t.equal({ "my own line", "mine" }, t.lines(vim.fn.bufnr("mine.txt")))
  t.equal("mine\nsigned\n", t.on_disk("mine.txt"))
end
