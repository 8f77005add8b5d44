--- For `:checkhealth rummy`.

local allowed = require("rummy.allowed")
local client = require("rummy.client")
local state = require("rummy.state")
local status = require("rummy.status")

local M = {}

--- The longest that the server's own check may take.
local MOST_MS = 20000

local function check_neovim()
  vim.health.start("rummy: Neovim")
  local version = tostring(vim.version())
  if vim.fn.has("nvim-0.11") == 1 then
    vim.health.ok("Neovim " .. version)
  elseif vim.fn.has("nvim-0.10") == 1 then
    vim.health.ok(("Neovim %s; `vim.lsp.enable` comes with 0.11"):format(version))
  else
    vim.health.error(("Neovim %s is too old"):format(version), "Use Neovim 0.10 or later.")
  end
end

--- Runs the server's program, and tells what it says.
---@param cmd string[]
---@param arguments string[]
---@return vim.SystemCompleted
local function run(cmd, arguments)
  local line = vim.list_extend({ cmd[1] }, arguments)
  return vim.system(line, { text = true, timeout = MOST_MS }):wait()
end

---@param config table
---@param complaint string?
---@return boolean
local function check_program(config, complaint)
  vim.health.start("rummy: the server")
  if complaint then
    vim.health.error((complaint:gsub("^rummy: ", "")))
    return false
  end
  if type(config.cmd) ~= "table" then
    vim.health.ok("`cmd` is a function; what it starts is not looked at")
    return false
  end
  local version = run(config.cmd, { "--version" })
  if version.code ~= 0 then
    vim.health.error(
      ("%s --version ends with exit code %d"):format(config.cmd[1], version.code),
      vim.trim(version.stderr)
    )
    return false
  end
  local place = vim.fn.exepath(config.cmd[1])
  vim.health.ok(("%s, %s"):format(vim.trim(version.stdout), place))
  return true
end

--- The models that a server that runs knows; none of them is called.
---@param config table
local function check_models(config)
  vim.health.start("rummy: models")
  local server = client.all()[1]
  if not server then
    vim.health.info(
      ("no server runs; `%s doctor` says what models there are and whether they answer"):format(
        config.cmd[1]
      )
    )
    return
  end
  local models = client.request_sync(server, "rummy/getModels", vim.empty_dict())
  local names = vim.tbl_map(function(model)
    return ("%s (%s)"):format(model.alias, model.actual)
  end, models or {})
  if #names > 0 then
    vim.health.ok("models: " .. table.concat(names, ", "))
  else
    vim.health.warn("there is no model", {
      "Run Ollama, set OPENAI_API_KEY or ANTHROPIC_API_KEY, or name one in config.toml.",
      "`rummy-lsp doctor` says what is found and why a model does not answer.",
    })
  end
end

local function check_servers()
  vim.health.start("rummy: workspaces and runs")
  local all = client.all()
  if #all == 0 then
    vim.health.info("no server runs; the first :Rummy starts one")
  end
  for _, server in ipairs(all) do
    local folders = vim.tbl_map(function(folder)
      return folder.name
    end, server.workspace_folders or {})
    local count = vim.tbl_count(server.attached_buffers)
    vim.health.ok(
      ("%s: %d %s"):format(table.concat(folders, ", "), count, count == 1 and "buffer" or "buffers")
    )
  end
  for _, one in ipairs(state.runs()) do
    vim.health.info(status.line(one))
  end
  vim.health.info("always allowed commands: " .. allowed.file())
  vim.health.info("what the server says: " .. vim.lsp.get_log_path())
end

function M.check()
  check_neovim()
  local config, complaint = client.inspect()
  if check_program(config, complaint) then
    check_models(config)
  end
  check_servers()
end

return M
