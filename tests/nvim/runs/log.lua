--- The view of a run: it grows while the model writes, follows the end, and has a line to say something.
return function(t)
  vim.o.columns, vim.o.lines = 120, 30
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act @fix be polite")
  t.wait("the answer to stream in", function()
    return require("rummy").status():find("streaming")
  end)
  vim.cmd("Rummy log")
  t.equal("rummy:/fix", vim.api.nvim_buf_get_name(0))
  t.equal({ "nofile", "rummy" }, { vim.bo.buftype, vim.bo.filetype })
  local view, window = vim.api.nvim_get_current_buf(), vim.api.nvim_get_current_win()
  t.wait("what the model writes", function()
    return table.concat(t.lines(view), "\n"):find("*turn 1, streaming …*\n\nI think", 1, true)
  end)
  vim.cmd.redraw()
  assert(t.screen()[1]:find("rummy fix · turn 1 · define · streaming", 1, true), t.screen()[1])

  -- Looked for again, it is the same window.
  vim.cmd("Rummy log fix")
  t.equal(window, vim.api.nvim_get_current_win())
  vim.cmd.normal("G")
  vim.cmd.wincmd("p")

  -- The user says something below it.
  vim.api.nvim_set_current_win(window)
  t.type("i")
  local input = vim.api.nvim_get_current_buf()
  t.equal("prompt", vim.bo[input].buftype)
  vim.api.nvim_feedkeys(vim.keycode("ibe brief<CR><Esc>"), "xt", false)
  t.wait_for_notice("rummy fix: reads it in its next turn")
  t.go_on()
  t.wait_for_status(202)
  t.wait("the turn to be told as it is kept", function()
    local text = table.concat(t.lines(view), "\n")
    return text:find('+  print("Good day, " .. name)', 1, true)
      and not text:find("streaming …", 1, true)
  end)
  local text = table.concat(t.lines(view), "\n")
  assert(text:find("\n> be polite\n", 1, true), text)
  assert(text:find("\n> be brief\n", 1, true), text)

  -- What a change adds looks so. Neovim looks at what has changed when it draws.
  vim.api.nvim_set_current_win(window)
  vim.cmd.redraw()
  local line = vim.fn.search('^+  print("Good day', "wn")
  t.equal("rummyDiffAdded", vim.fn.synIDattr(vim.fn.synID(line, 3, 1), "name"))

  -- It has stayed at the end, and its turns are folds.
  t.equal(#t.lines(view), vim.api.nvim_win_get_cursor(window)[1])
  vim.api.nvim_set_current_win(window)
  vim.cmd("normal! zM")
  local turn = vim.fn.search("^## Turn 1", "w")
  t.equal(turn, vim.fn.foldclosed(turn + 3))
  local second = vim.fn.search("^## Turn 2", "w")
  t.equal({ second, #t.lines() }, { vim.fn.foldclosed(second), vim.fn.foldclosedend(second) })
  vim.cmd("normal! zR")

  -- What is known of an entry, and the turns, by Neovim's own means.
  local path = vim.fn.search("log:\\/\\/turn_2\\/set", "w")
  local client = vim.lsp.get_clients({ bufnr = view, name = "rummy" })[1]
  vim.api.nvim_win_set_cursor(window, { path, 2 })
  vim.lsp.buf.hover()
  t.wait("the hover", function()
    return vim.iter(vim.api.nvim_list_wins()):any(function(other)
      return vim.api.nvim_win_get_config(other).relative ~= ""
    end)
  end)
  local symbols = vim.lsp.buf_request_sync(view, "textDocument/documentSymbol", {
    textDocument = vim.lsp.util.make_text_document_params(view),
  })
  t.equal(
    { "Turn 1", "Turn 2" },
    vim.tbl_map(function(symbol)
      return symbol.name:match("^Turn %d")
    end, symbols[client.id].result)
  )

  -- A link leads to the entry.
  vim.fn.search("log:\\/\\/turn_2\\/set", "w")
  vim.cmd("normal! 2l")
  t.type("<CR>")
  t.wait("the entry", function()
    return vim.startswith(vim.api.nvim_buf_get_name(0), "rummy:/fix/")
  end)

  -- A proposal is decided where the transcript tells of it.
  vim.cmd.buffer(view)
  vim.fn.search("Good day", "w")
  vim.cmd("Rummy accept")
  t.wait_for_status(200)
  t.equal('  print("Good day, " .. name)', t.lines(vim.fn.bufnr("greet.lua"))[2])
  t.wait("what was decided", function()
    return table.concat(t.lines(view), "\n"):find("**200** accepted", 1, true)
  end)

  -- The run is renamed, and the view goes with it.
  vim.cmd("Rummy rename @fix better")
  t.wait_for_notice("rummy: fix is better now")
  t.equal("rummy:/better", vim.api.nvim_buf_get_name(view))
  vim.cmd.bwipeout(view)
end
