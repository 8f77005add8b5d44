--- In a Neovim with a main loop of its own: what is added above the first line comes back into view with it,
--- and can be scrolled away.
return function(t)
  local nvim = t.start_other()
  local function top()
    return nvim.lua([[
      vim.cmd.redraw()
      local cells = {}
      for column = 3, 20 do
        table.insert(cells, vim.fn.screenstring(1, column))
      end
      return vim.trim(table.concat(cells))
    ]])
  end
  local function see(text)
    t.wait("the first line of the window to be " .. text, function()
      return vim.startswith(top(), text)
    end)
  end
  nvim.lua("vim.o.columns, vim.o.lines = 60, 12")
  nvim.input(":edit long.txt<CR>:Rummy act add a line<CR>")
  see("a new first line")
  nvim.input("G")
  see("line 9")
  nvim.input("gg")
  see("a new first line")
  nvim.input("<C-e>")
  see("line 1")
  nvim.input("]r<C-y>")
  see("a new first line")
  nvim.input("xu:1Rummy accept<CR>")
  t.wait("the accepted line", function()
    return nvim.lua("return vim.fn.getline(1)") == "a new first line"
  end)
  t.equal(0, nvim.quit())
end
