--- A hover shows what would change.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  local run = t.wait_for_proposals()
  vim.api.nvim_win_set_cursor(0, { 2, 3 })
  vim.lsp.buf.hover()
  local window = t.wait("the hover", function()
    return vim.iter(vim.api.nvim_list_wins()):find(function(window)
      return vim.api.nvim_win_get_config(window).relative ~= ""
    end)
  end)
  t.equal({
    ("**%s**, turn 1: Edit greet.lua (+1 −1)"):format(run.run),
    "",
    "```diff",
    '-  print("hi " .. name)',
    '+  print("Good day, " .. name)',
    "```",
  }, t.lines(vim.api.nvim_win_get_buf(window)))
end
