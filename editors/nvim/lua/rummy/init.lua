--- What a configuration calls. See |rummy|.

local M = {}

--- Starts the server for every file from now on, with these options. Nothing has to be set up:
--- without this, the first |:Rummy| starts it.
---@param given? rummy.Options
function M.setup(given)
  local options = require("rummy.options")
  options.set(given or {})
  if options.get().keys then
    require("rummy.keys").map()
  end
  local function begin()
    require("rummy.client").setup()
  end
  if vim.v.vim_did_enter == 1 then
    begin()
    return
  end
  -- To load Neovim's LSP client would hold up the start.
  vim.api.nvim_create_autocmd("VimEnter", {
    once = true,
    desc = "Start rummy's server for the files that are open",
    callback = vim.schedule_wrap(begin),
  })
end

--- The run that a statusline shows: the newest that is at work or has something pending.
---@return rummy.Run?
local function current()
  -- Before the first run there is nothing to load the rest for.
  local state = package.loaded["rummy.state"] --[[@as rummy.state?]]
  return state
    and state.newest(function(run)
      return run.pending > 0 or require("rummy.status").is_at_work(run)
    end)
end

--- See |rummy.status()|.
---@return string
function M.status()
  local run = current()
  return run and require("rummy.status").line(run) or ""
end

--- See |rummy.info()|.
---@return rummy.Info?
function M.info()
  local run = current()
  return run and require("rummy.status").info(run)
end

return M
