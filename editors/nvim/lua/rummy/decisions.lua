--- Sends decisions about proposals, one after the other: a server refuses one while it still carries out
--- another of the same proposal, and keys are faster.

local client = require("rummy.client")

local M = {}

---@class rummy.Sent
---@field method string
---@field params table
---@field on_result? fun(result: any)

local waiting = {} ---@type table<integer, rummy.Sent[]> by client; the first of a list is under way

---@param client_id integer
local function send_first(client_id)
  local sent = waiting[client_id][1]
  local function go_on()
    table.remove(waiting[client_id], 1)
    if waiting[client_id][1] then
      send_first(client_id)
    else
      waiting[client_id] = nil
    end
  end
  client.request(client_id, sent.method, sent.params, function(result)
    if sent.on_result then
      sent.on_result(result)
    end
    go_on()
  end, function(message)
    vim.notify("rummy: " .. message, vim.log.levels.ERROR)
    go_on()
  end)
end

--- Sends a decision once those before it are answered. An error is shown to the user.
---@param client_id integer
---@param method string
---@param params table
---@param on_result? fun(result: any)
function M.send(client_id, method, params, on_result)
  local queue = waiting[client_id]
  local sent = { method = method, params = params, on_result = on_result }
  if queue and vim.lsp.get_client_by_id(client_id) then
    table.insert(queue, sent)
    return
  end
  waiting[client_id] = { sent }
  send_first(client_id)
end

return M
