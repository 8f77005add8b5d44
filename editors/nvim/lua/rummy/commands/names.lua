--- Names for completion, asked of a server that runs. None is started for it, and none is waited for long.

local client = require("rummy.client")
local state = require("rummy.state")

local M = {}

local MOST_MS = 500

--- The server of a buffer's workspace, else any.
---@param bufnr integer
---@return vim.lsp.Client?
local function running(bufnr)
  return client.of_document(bufnr)
    or vim.lsp.get_clients({ bufnr = bufnr, name = "rummy" })[1]
    or client.all()[1]
end

--- What a server lists.
---@param bufnr integer
---@param method string
---@param params? table
---@return any[]
function M.listed(bufnr, method, params)
  local server = running(bufnr)
  return server and client.request_sync(server, method, params or vim.empty_dict(), MOST_MS) or {}
end

--- The runs of a buffer's workspace, and those that were heard of; the newest first.
---@param bufnr integer
---@return string[]
function M.runs(bufnr)
  local names, seen = {}, {}
  local server = running(bufnr)
  local params = server and { workspace = client.workspace_of(server, bufnr) }
  local kept = params and M.listed(bufnr, "rummy/getRuns", params) or {}
  for _, run in ipairs(vim.list_extend(state.runs(), kept)) do
    if not seen[run.run] then
      seen[run.run] = true
      table.insert(names, run.run)
    end
  end
  return names
end

return M
