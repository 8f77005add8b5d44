--- What can be set up: the plugin's own options with their defaults and checks. All other fields go to
--- the server's client (`rummy.client`).

local M = {}

--- Fields of |vim.lsp.ClientConfig| are taken too.
---@class rummy.Options: rummy.OwnOptions
---@field cmd? string[] the server and its arguments
---@field filetypes? string[] what the server is started for; everything where it is not given
---@field root_dir? string|fun(bufnr: integer, on_dir: fun(folder: string)) the workspace folder
---@field root_markers? string[] what a workspace folder is known by, where no other is given
---@field init_options? table<string, any> the server's settings
---@field settings? { rummy: table<string, any> } the same, sent once the server runs
---@field capabilities? lsp.ClientCapabilities
---@field on_init? fun(client: vim.lsp.Client)|fun(client: vim.lsp.Client)[]
---@field on_attach? fun(client: vim.lsp.Client, bufnr: integer)

---@class rummy.OwnOptions
---@field autostart? boolean whether a file starts its workspace's server; without it a command does
---@field keys? boolean whether the default keys are mapped
---@field notify? boolean whether the user is told when a run waits and when it ends
---@field ask? boolean whether questions and commands are asked about when they come
---@field show? rummy.ShowOptions

--- How pending changes are shown.
---@class rummy.ShowOptions
---@field signs? boolean in the sign column
---@field inline? boolean the added text as virtual lines, the removed lines highlighted
---@field words? boolean what differs within the lines
---@field labels? boolean the run's name at the end of a change's first line
---@field max_lines? integer how many added lines of a change are shown in the text
---@field diagnostics? boolean the server's diagnostics
---@field lenses? boolean the server's code lenses

---@class rummy.OwnDefaults
local DEFAULTS = {
  autostart = true,
  keys = false,
  notify = true,
  ask = true,
  ---@class rummy.ShowDefaults
  show = {
    signs = true,
    inline = true,
    words = true,
    labels = true,
    max_lines = 60,
    -- They say what the text itself shows.
    diagnostics = false,
    lenses = false,
  },
}

local own = vim.deepcopy(DEFAULTS)
local of_client = {} ---@type table

--- The complaint about an option, if there is one to make.
---@param name string
---@param value any
---@param default any
---@return string?
local function complaint(name, value, default)
  if type(value) ~= type(default) then
    return ("`%s` must be a %s, not %s"):format(name, type(default), vim.inspect(value))
  end
  if type(value) ~= "table" then
    return nil
  end
  for key, inner in pairs(value) do
    if default[key] == nil then
      local keys = vim.tbl_keys(default)
      table.sort(keys)
      return ("`%s.%s` is none of %s"):format(name, key, table.concat(keys, ", "))
    end
    local why = complaint(name .. "." .. key, inner, default[key])
    if why then
      return why
    end
  end
end

--- Takes what the user gives. An option that is wrong is named to the user and keeps its default.
---@param given rummy.Options
function M.set(given)
  local accepted, rest = {}, {}
  for key, value in pairs(given) do
    if DEFAULTS[key] == nil then
      rest[key] = value
    else
      local why = complaint(key, value, DEFAULTS[key])
      if why then
        vim.notify("rummy: setup: " .. why, vim.log.levels.ERROR)
      else
        accepted[key] = value
      end
    end
  end
  own = vim.tbl_deep_extend("force", DEFAULTS, accepted)
  of_client = rest
end

--- The fields for |vim.lsp.ClientConfig|.
---@return table
function M.of_client()
  return of_client
end

---@return rummy.OwnDefaults
function M.get()
  return own
end

return M
