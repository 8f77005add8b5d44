--- Keeps the code lenses of the proposals in step with the server. Up to 0.11 Neovim asks for
--- lenses only when it is told to, and |vim.lsp.codelens.refresh()| would show those of every other
--- server as well, so only ours are asked for here.

local compat = require("rummy.compat")
local options = require("rummy.options")
local state = require("rummy.state")

local M = {}

local scheduled = {} ---@type table<integer, boolean>

--- Asks for the lenses of the client's visible buffers. Calls of one moment become one.
---@param client_id integer
function M.refresh(client_id)
  if scheduled[client_id] or not options.get().show.lenses then
    return
  end
  scheduled[client_id] = true
  vim.schedule(function()
    scheduled[client_id] = nil
    local client = vim.lsp.get_client_by_id(client_id)
    if not client or not client.server_capabilities.codeLensProvider then
      return
    end
    if vim.lsp.codelens.enable then -- from 0.12 on
      vim.lsp.codelens.enable(true, { client_id = client_id })
      return
    end
    local asked = {} ---@type table<integer, boolean>
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      local bufnr = vim.api.nvim_win_get_buf(window)
      if not asked[bufnr] and vim.lsp.buf_is_attached(bufnr, client_id) then
        asked[bufnr] = true
        local params = { textDocument = vim.lsp.util.make_text_document_params(bufnr) }
        local on_lenses = vim.lsp.codelens.on_codelens
        compat.request(client, "textDocument/codeLens", params, on_lenses, bufnr)
      end
    end
  end)
end

state.listen("proposals", function(run)
  M.refresh(run.client_id)
end)

vim.api.nvim_create_autocmd({ "LspAttach", "BufWinEnter" }, {
  group = vim.api.nvim_create_augroup("rummy.lenses", {}),
  desc = "Show the lenses of rummy's proposals",
  callback = function(event)
    for _, client in ipairs(vim.lsp.get_clients({ bufnr = event.buf, name = "rummy" })) do
      M.refresh(client.id)
    end
  end,
})

return M
