--- Two workspaces in one Neovim: each has its server, its runs and its changes.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act @one be polite")
  t.wait_for_proposals()
  vim.cmd.edit("../elsewhere/greet.lua")
  vim.cmd("Rummy act @two be polite")
  t.wait("both to propose", function()
    return t.event("RummyProposal", function(run)
      return run.run == "two" and #run.proposals == 1
    end)
  end)
  local clients = vim.lsp.get_clients({ name = "rummy" })
  t.equal(2, #clients)
  t.wait("the change here", function()
    return t.marked(1)
  end)
  t.equal("rummy two", t.drawn()[1].label)
  t.equal("rummy one", t.drawn(vim.fn.bufnr("workspace/greet.lua"))[1].label)
  vim.cmd("Rummy review")
  t.equal(2, #vim.fn.getqflist())
  vim.cmd.cclose()

  -- The bang is about the run under the cursor, not the newest.
  vim.cmd.buffer("workspace/greet.lua")
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  vim.cmd("Rummy accept!")
  t.wait_for_notice("rummy one: done (200)")
  t.equal('  print("Good day, " .. name)', t.lines()[2])
  t.equal(
    'local function greet(name)\n  print("hi " .. name)\nend\n',
    t.on_disk("../elsewhere/greet.lua")
  )

  -- One server ends, the other goes on.
  local two = t.event("RummyState", function(run)
    return run.run == "two"
  end)
  vim.lsp.stop_client(two.client_id)
  t.wait("its changes to go", function()
    return #t.drawn(vim.fn.bufnr("elsewhere/greet.lua")) == 0
  end)
  t.equal("", require("rummy").status())
  t.equal(1, #vim.lsp.get_clients({ name = "rummy" }))
end
