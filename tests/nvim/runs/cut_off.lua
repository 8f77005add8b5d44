--- A command that runs is watched, and cut off.
return function(t)
  vim.cmd.edit("greet.lua")
  t.choose("Run")
  vim.cmd("Rummy act @slow wait")
  t.wait("the first of the output", function()
    vim.cmd("silent Rummy output")
    return vim.bo.buftype == "terminal" and t.lines()[1] == "begun"
  end)
  t.type("<C-c>")
  t.wait_for_status(200)
  t.wait("the end to be shown", function()
    return table.concat(t.lines(), " "):find("cut it off", 1, true)
  end)
  t.type("<C-c>")
  t.wait_for_notice("rummy: the command has ended")
end
