return function(t)
  -- A file that is open, but not where the run is started, and a new one without a type.
  vim.cmd.edit("greet.lua")
  t.type("ggO-- mine<Esc>")
  vim.cmd("set hidden")
  vim.cmd.enew()
  vim.bo.buftype = "nofile"
  vim.cmd("Rummy act be polite")
  t.wait_for_proposals()
  t.equal(1, #vim.lsp.get_clients({ name = "rummy" }))
  t.equal({}, vim.lsp.get_clients({ bufnr = 0 }), "a scratch buffer is not attached")

  for _, command in ipairs({ "edit NOTES", "enew | silent write LATER" }) do
    vim.cmd(command)
    t.wait("the new file to be attached", function()
      return #vim.lsp.get_clients({ bufnr = 0, name = "rummy" }) == 1
    end)
  end

  -- The change is drawn in a hidden buffer, too.
  vim.cmd.buffer("greet.lua")
  t.equal(true, t.marked(2))
  vim.cmd("Rummy! accept")
  t.wait_for_status(200)
  t.equal(
    { "-- mine", "local function greet(name)", '  print("Good day, " .. name)', "end" },
    t.lines()
  )
end
