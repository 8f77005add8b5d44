--- Reads files again that were changed on the disk: by commands that a run executed, or by the server.
--- Only buffers without unsaved changes are looked at, and only where 'autoread' is on.

local state = require("rummy.state")

--- The least time between two looks.
local PAUSE_MS = 500

local is_due = false

--- The option, which a buffer need not have a value of its own for.
---@param bufnr integer
---@return boolean
local function has_autoread(bufnr)
  local own = vim.bo[bufnr].autoread --[[@as boolean?]]
  if own == nil then
    return vim.go.autoread
  end
  return own
end

---@param bufnr integer
---@return boolean
local function is_wanted(bufnr)
  return vim.api.nvim_buf_is_loaded(bufnr)
    and vim.bo[bufnr].buftype == ""
    and not vim.bo[bufnr].modified
    and has_autoread(bufnr)
    and vim.api.nvim_buf_get_name(bufnr) ~= ""
end

local function look()
  is_due = false
  if vim.fn.getcmdwintype() ~= "" then
    -- No other buffer can be touched from there; the next news comes.
    return
  end
  for _, client in ipairs(vim.lsp.get_clients({ name = "rummy" })) do
    for bufnr in pairs(client.attached_buffers) do
      if is_wanted(bufnr) then
        vim.cmd("silent! checktime " .. bufnr)
      end
    end
  end
end

state.listen("history", function()
  if not is_due then
    is_due = true
    vim.defer_fn(look, PAUSE_MS)
  end
end)
