--- Commands of a run: asked about when the user is free, allowed for good, edited, rejected, watched.
return function(t)
  require("rummy").setup({ autostart = false })
  vim.cmd.edit("greet.lua")

  -- While the user types nothing is asked.
  local shown = t.choose("Run")
  vim.cmd("Rummy act check it")
  t.while_typing("x", function()
    t.wait_for_notice("Run echo one in")
    t.equal("i", vim.api.nvim_get_mode().mode)
    t.equal(nil, shown.prompt)
  end)
  t.wait("the question", function()
    return shown.prompt
  end)
  assert(shown.prompt:find("wants to run in .*workspace\n  echo one\n$"), shown.prompt)
  t.equal({ "Run", "Always allow in this workspace", "Edit…", "Reject…" }, shown.items)
  vim.cmd("silent undo")

  -- The next one is changed before it runs, that after it allowed for good: it comes twice and is asked
  -- about once.
  local edited = t.choose("Edit", "echo 2")
  t.wait("the next question", function()
    return edited.input
  end)
  t.equal("echo two", edited.default)
  local allowed = t.choose("Always")
  t.wait("the third question", function()
    return allowed.prompt
  end)
  t.wait_for_notice("runs: echo three")
  local rejected = t.choose("Reject", "not that")
  t.wait("the last question", function()
    return rejected.prompt
  end)
  t.wait_for_status(200)

  vim.cmd("Rummy output")
  t.equal("terminal", vim.bo.buftype)
  t.wait("the output", function()
    return table.concat(t.lines(), "\n"):find("three%s+%[") ~= nil
  end)
  local printed = vim.trim(table.concat(t.lines(), "\n")):gsub("after %S+ s", "after a moment")
  t.equal("three\n\n[ran `echo three`, exit=0 after a moment]", printed)
end
