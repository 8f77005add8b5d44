--- The user types while an edit of a file that was just opened is on its way. Neovim itself would not
--- notice: it takes version 0 for none.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  t.wait_for_proposals()
  t.before_an_edit("2GA -- mine<Esc>")
  vim.cmd("2Rummy accept")
  t.wait("the reason to be shown", function()
    return vim.fn.execute("messages"):find("the text was changed meanwhile", 1, true)
  end)
  t.equal({ "local function greet(name)", '  print("hi " .. name) -- mine', "end" }, t.lines())
  t.wait("the conflict", function()
    return t.event("RummyProposal").proposals[1].conflict
  end)
end
