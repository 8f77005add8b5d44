--- A proposal is changed before it is accepted.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  t.wait_for_proposals()
  vim.cmd("Rummy edit")
  t.wait("the proposal's text", function()
    return t.lines()[2] == '  print("Good day, " .. name)'
  end)
  t.equal(false, vim.bo.modified)
  vim.api.nvim_buf_set_lines(0, 1, 2, true, { '  print("Good evening, " .. name)' })
  t.equal(true, vim.bo.modified)
  vim.cmd.write()
  t.wait_for_status(200)
  t.wait("the view to end", function()
    return #vim.api.nvim_list_tabpages() == 1
  end)
  t.equal("greet.lua", vim.fn.expand("%:t"))
  t.equal({ "local function greet(name)", '  print("Good evening, " .. name)', "end" }, t.lines())
end
