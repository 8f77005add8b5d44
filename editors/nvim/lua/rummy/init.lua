--- What a configuration calls. See |rummy|.

local M = {}

--- Starts the server for every file from now on, with these options. Nothing has to be set up:
--- without this, the first |:Rummy| starts it.
---@param options? rummy.Options
function M.setup(options)
  require("rummy.client").setup(options or {})
end

--- The run at work, in a few words for a statusline: `rummy fix-login · turn 3 · streaming · 2
--- pending`. Empty when no run is at work and nothing waits for the user.
---@return string
function M.status()
  -- Before the first run there is nothing to load the rest for.
  local state = package.loaded["rummy.state"] --[[@as rummy.state?]]
  return state and state.status() or ""
end

return M
