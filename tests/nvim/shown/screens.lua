--- What a user sees: changes in the text, a proposal beside its file, the list of what is pending, the view
--- of a run, the health check.
return function(t)
  vim.o.columns, vim.o.lines = 120, 40
  vim.o.showmode, vim.o.ruler = false, false
  vim.o.statusline = "%f %m%=%{v:lua.require'rummy'.status()} "
  vim.cmd.edit("greet.lua")
  vim.cmd("silent Rummy act @polite say what it does, and be polite")
  t.wait_for_status(202)
  t.wait("the changes", function()
    return #t.drawn() == 3
  end)
  local free = { "%d+%.%dk free", "N free" }
  t.looks_like("inline", { free })

  vim.cmd("silent Rummy diff")
  t.wait("the proposal's text", function()
    return #t.lines(vim.fn.bufnr("rummy:/polite?diff")) == 5
  end)
  t.looks_like("diff", { free })
  vim.cmd("tabclose")
  t.wait("the added lines to come back", function()
    return t.drawn()[1].added
  end)

  vim.cmd("silent Rummy review")
  t.looks_like("review", { free, { "%S+/workspace/", "" } })
  vim.cmd.cclose()

  vim.cmd("silent Rummy log")
  t.wait("the transcript", function()
    return table.concat(t.lines(), "\n"):find("Good day", 1, true)
  end)
  t.looks_like("log", { free, { "%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d", "YYYY-MM-DD HH:MM:SS" } })
  vim.cmd.only()

  vim.cmd("silent tabonly | checkhealth rummy")
  t.looks_like("checkhealth", {
    free,
    { "Neovim %d+%.%d+%.%d+%S*", "Neovim VERSION" },
    { "rummy%-lsp %d+%.%d+%.%d+, .*", "rummy-lsp VERSION, PLACE" },
    { "/%S+/workspace", "WORKSPACE" },
    { "/%S+/allowed.json", "DATA/rummy/allowed.json" },
    { "/%S+/lsp.log", "STATE/nvim/lsp.log" },
  })
end
