return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act say goodbye too")
  local run = t.wait_for_proposals()
  t.equal("create", run.proposals[1].kind)
  t.equal(nil, t.on_disk("leave/bye.lua"))

  vim.cmd("Rummy accept!")
  t.wait_for_status(200)
  t.equal('print("bye")\n', t.on_disk("leave/bye.lua"))
  t.equal(-1, vim.fn.bufnr("leave/bye.lua"), "the file is not opened")
end
