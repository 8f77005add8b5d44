--- Two Neovims on one workspace: what one starts the other shows, and may decide; only the first is asked.
return function(t)
  local other = t.start_other()
  other.input(":edit greet.lua<CR>:Rummy act @theirs be polite<CR>")
  vim.cmd.edit("greet.lua")
  require("rummy").setup()
  t.wait("their change here", function()
    return t.marked(1)
  end)
  t.equal("rummy theirs", t.drawn()[1].label)
  t.equal(false, t.event("RummyProposal").is_mine)

  vim.cmd("2Rummy accept")
  t.wait("the accepted text", function()
    return t.lines()[2] == '  print("Good day, " .. name)'
  end)

  -- What the run asks next is asked there; here it can be answered all the same.
  local asked = 0
  vim.ui.select = function(items, _, choose)
    asked = asked + 1
    choose(items[2], 2)
  end
  t.wait("the question", function()
    local run = t.event("RummyProposal")
    return #run.proposals == 1 and run.proposals[1].kind == "question"
  end)
  t.equal(0, asked)
  vim.cmd("Rummy answer")
  t.wait_for_status(200)
  t.equal(1, asked)
  -- The prompt there is put away.
  other.input("<CR>")
  local marks =
    "vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_get_namespaces()['rummy.changes'], 0, -1, {})"
  t.wait("nothing to be drawn there", function()
    return other.lua("return #" .. marks) == 0
  end)
  t.equal(0, other.quit())
end
