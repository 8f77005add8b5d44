return function(t)
  vim.cmd.edit("greet.lua")
  t.type("2GA -- größer<Esc>")
  -- The prompt is asked for where none is given.
  vim.ui.input = function(_, answer)
    answer("  what is this? ")
  end
  t.type("2GV:Rummy ask<CR>")
  local run = t.wait_for_status(200)
  t.wait_for_notice(("rummy %s: done (200): It greets"):format(run.run))
end
