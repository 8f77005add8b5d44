--- The default keys: two changes of three that are selected, then the rest of the file.
return function(t)
  vim.keymap.set("n", "<Leader>rd", "<Cmd>let g:mine = 1<CR>")
  require("rummy").setup({ keys = true })
  vim.g.mapleader = "\\"
  vim.cmd.edit("greet.lua")
  vim.ui.input = function(_, answer)
    answer("say what it does, and do it")
  end
  t.type("\\ra")
  local run = t.wait_for_proposals()
  t.wait("the changes", function()
    return #t.drawn() == 3
  end)
  t.type("\\rd")
  t.equal(1, vim.g.mine, "a key that was mapped stays")

  t.type("ggVj\\ry")
  t.wait("two to be accepted", function()
    return #t.drawn() == 1
  end)
  t.equal({
    "--- Greets.",
    "local function greet(name)",
    '  print("Good day, " .. name)',
    "end",
  }, t.lines())
  t.type("\\rN")
  t.wait_for_status(200)
  t.equal(4, #t.lines())
  t.equal({ "hunk" }, { run.proposals[1].hunks[1] and "hunk" })
end
