return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  t.wait_for_proposals()
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  vim.cmd("Rummy accept")
  t.wait("the buffer to be saved", function()
    return t.on_disk("greet.lua")
      == 'local function greet(name)\n  print("Good day, " .. name)\nend\n'
  end)
  t.equal(false, vim.bo.modified)
  t.wait_for_status(200)
end
