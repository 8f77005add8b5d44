-- Defines `:Rummy`, the `<Plug>` mappings and the buffers `rummy:/…`, and loads nothing until one is used.

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
  complete = function(lead, line, position)
    return require("rummy.commands").complete(lead, line, position)
  end,
})

local group = vim.api.nvim_create_augroup("rummy", {})

vim.api.nvim_create_autocmd("BufReadCmd", {
  group = group,
  pattern = "rummy:/*",
  desc = "Show an entry, a run or a proposal of rummy's",
  callback = function(event)
    require("rummy.documents").read(event)
  end,
})

vim.api.nvim_create_autocmd("BufWriteCmd", {
  group = group,
  pattern = "rummy:/*",
  desc = "Write an entry of rummy's, or accept a proposal as it was edited",
  callback = function(event)
    require("rummy.documents").write(event)
  end,
})

for name, command in pairs({
  abort = "abort",
  ["accept-all"] = "accept!",
  answer = "answer",
  diff = "diff",
  edit = "edit",
  log = "log",
  output = "output",
  ["reject-all"] = "reject!",
  review = "review",
  runs = "runs",
  undo = "undo",
}) do
  vim.keymap.set("n", ("<Plug>(rummy-%s)"):format(name), ("<Cmd>Rummy %s<CR>"):format(command))
end

-- With a count, that many changes further.
vim.keymap.set("n", "<Plug>(rummy-next)", "<Cmd>Rummy next<CR>")
vim.keymap.set("n", "<Plug>(rummy-prev)", "<Cmd>Rummy prev<CR>")

-- On the lines of a selection in Visual mode.
for _, name in ipairs({ "accept", "act", "ask", "reject" }) do
  vim.keymap.set("n", ("<Plug>(rummy-%s)"):format(name), ("<Cmd>Rummy %s<CR>"):format(name))
  vim.keymap.set("x", ("<Plug>(rummy-%s)"):format(name), (":Rummy %s<CR>"):format(name), {
    silent = true,
  })
end

for _, name in ipairs({ "accept", "reject" }) do
  vim.keymap.set("n", ("<Plug>(rummy-%s-file)"):format(name), ("<Cmd>%%Rummy %s<CR>"):format(name))
end
