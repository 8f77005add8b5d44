--- The list of all that is pending, in the quickfix window: it is decided there, and follows.
local function listed()
  return vim.tbl_map(function(item)
    local name = item.bufnr > 0 and vim.fn.fnamemodify(vim.api.nvim_buf_get_name(item.bufnr), ":t")
    return ("%s:%d %s"):format(name or "", item.lnum, (item.text:gsub("^[^:]*: ", "")))
  end, vim.fn.getqflist())
end

return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy review")
  t.wait_for_notice("nothing is pending")
  vim.cmd("Rummy act rework everything")
  t.wait("all to be offered", function()
    local run = t.event("RummyProposal")
    return run and #run.proposals == 3
  end)
  vim.cmd("Rummy review")
  t.equal("quickfix", vim.bo.buftype)
  t.equal({
    "greet.lua:1 + --- Greets.",
    'greet.lua:4 + greet("you")',
    "other.lua:1 + return 2",
    "bye.lua:1 Create bye.lua (+1 −0)",
  }, listed())

  -- An item is gone to, and another file's is decided from the list.
  vim.cmd("3cc")
  t.equal("other.lua", vim.fn.expand("%:t"))
  vim.cmd.copen()
  vim.cmd("2Rummy accept")
  t.wait("the list to follow", function()
    return #listed() == 3
  end)
  vim.cmd("2,3Rummy accept")
  t.wait("the list to follow", function()
    return #listed() == 1
  end)
  t.equal({ "greet.lua:1 + --- Greets." }, listed())
  t.equal('print("bye")\n', t.on_disk("bye.lua"))
  vim.cmd("1Rummy reject no comments")
  t.wait_for_status(200)
  t.wait("the list to be empty", function()
    return #listed() == 0
  end)
  t.equal('end\ngreet("you")\n', t.on_disk("greet.lua"):sub(-17))
  t.equal("return 2\n", t.on_disk("other.lua"))
end
