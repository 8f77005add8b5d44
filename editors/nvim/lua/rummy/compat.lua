--- What Neovim 0.10 does another way than 0.11.

local M = {}

M.is_0_10 = vim.fn.has("nvim-0.11") == 0

---@param client vim.lsp.Client
---@param method string
---@param params table
---@param handler lsp.Handler
---@param bufnr? integer without one, the changes of all buffers are sent before the request
---@return boolean is_sent
function M.request(client, method, params, handler, bufnr)
  if M.is_0_10 then
    ---@diagnostic disable-next-line: param-type-mismatch
    return (client.request(method, params, handler, bufnr))
  end
  return (client:request(method, params, handler, bufnr))
end

--- Sends a request and waits for the answer.
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param most_ms integer
---@return { err: lsp.ResponseError?, result: any }?
function M.request_sync(client, method, params, most_ms)
  -- A buffer is asked for, though the methods are about none.
  local bufnr = vim.api.nvim_get_current_buf()
  if M.is_0_10 then
    ---@diagnostic disable-next-line: param-type-mismatch
    return (client.request_sync(method, params, most_ms, bufnr))
  end
  return (client:request_sync(method, params, most_ms, bufnr))
end

---@param client vim.lsp.Client
function M.stop(client)
  if M.is_0_10 then
    ---@diagnostic disable-next-line: param-type-mismatch, missing-parameter
    client.stop()
  else
    client:stop()
  end
end

--- Starts a server for `config.root_dir`, unless one runs, and attaches no buffer.
---@param config table
---@return integer? client_id
function M.start_unattached(config)
  if not M.is_0_10 then
    return vim.lsp.start(config, { attach = false })
  end
  local root = vim.uri_from_fname(config.root_dir)
  for _, client in ipairs(vim.lsp.get_clients({ name = config.name })) do
    if vim.tbl_get(client, "workspace_folders", 1, "uri") == root then
      return client.id
    end
  end
  ---@diagnostic disable-next-line: deprecated
  return (vim.lsp.start_client(config))
end

return M
