--- Neovim is left while a run is at work.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy ask how polite is this?")
  t.wait("the answer to stream in", function()
    return require("rummy").status():find("streaming")
  end)
  vim.cmd("quit")
end
