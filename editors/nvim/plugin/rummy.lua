-- Defines `:Rummy`, and loads nothing until it is used.

if vim.g.loaded_rummy then
  return
end
vim.g.loaded_rummy = true

if vim.fn.has("nvim-0.10") == 0 then
  vim.notify_once("rummy: Neovim 0.10 or later is needed", vim.log.levels.ERROR)
  return
end

vim.api.nvim_create_user_command("Rummy", function(call)
  require("rummy.commands").run(call)
end, {
  desc = "Start, follow and review the runs of an agent",
  nargs = "*",
  range = true,
  bang = true,
  complete = function(lead, line)
    return require("rummy.commands").complete(lead, line)
  end,
})
