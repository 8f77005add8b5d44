--- An accepted edit is put back, by the server and at its own place.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  local run = t.wait_for_proposals()
  vim.cmd("2Rummy accept")
  t.wait_for_status(200)
  t.type("ggO-- mine<Esc>")

  local client = vim.lsp.get_clients({ name = "rummy" })[1]
  local command = { command = "rummy.undo", arguments = { { run = run.run } } }
  local answer
  client:request("workspace/executeCommand", command, function(err, result)
    answer = { err = err, result = result }
  end)
  t.wait("the answer", function()
    return answer
  end)
  t.equal({ result = { undone = { run.proposals[1].path }, failed = {} } }, answer)
  t.equal({ "-- mine", "local function greet(name)", '  print("hi " .. name)', "end" }, t.lines())
end
