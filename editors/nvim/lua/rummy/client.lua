--- Finds, configures and starts the server, and sends it requests. One server runs for each
--- workspace folder; the files in that folder are attached to it. What the server says by itself
--- is kept in `rummy.state`.

local answers = require("rummy.answers")
local compat = require("rummy.compat")
local options = require("rummy.options")
local path = require("rummy.path")
local state = require("rummy.state")

local M = {}

local NAME = "rummy"
local PROGRAM = "rummy-lsp"

--- The protocol that is spoken here. A server with another major version refuses to start.
local PROTOCOL_VERSION = "2.0.0"

--- Whether a file starts its workspace's server, or is only attached to one that runs.
local autostart = false

--- What waits for a server to be initialized, by client.
local waiting = {} ---@type table<integer, fun()[]>

--- The checkout that this file is part of.
---@return string
local function checkout()
  local this = debug.getinfo(1, "S").source:sub(2)
  -- Plugins are often linked into a package folder.
  return vim.fn.fnamemodify(path.real(this), ":h:h:h:h:h")
end

---@return string
local function built_program()
  return vim.fs.joinpath(checkout(), "target", "release", PROGRAM)
end

---@return string[]
local function default_cmd()
  if vim.fn.executable(PROGRAM) == 0 and vim.fn.executable(built_program()) == 1 then
    return { built_program() }
  end
  return { PROGRAM }
end

--- What to tell a user whose server cannot be started, or nil.
---@param cmd any
---@return string?
local function complaint(cmd)
  if type(cmd) ~= "table" or vim.fn.executable(cmd[1]) == 1 then
    return nil
  end
  if cmd[1] ~= PROGRAM then
    return ("rummy: the `cmd` of the server, %s, cannot be executed"):format(cmd[1])
  end
  local is_checkout = vim.uv.fs_stat(vim.fs.joinpath(checkout(), "Cargo.toml")) ~= nil
  return table.concat({
    ("rummy: %s is missing: it is neither in $PATH nor at %s."):format(PROGRAM, built_program()),
    is_checkout and ("Build it with `cargo build --release` in %s,"):format(checkout())
      or "Build it with `cargo build --release` in a checkout, and put it into $PATH,",
    'or say where it is: require("rummy").setup({ cmd = { "/path/to/rummy-lsp" } })',
  }, "\n")
end

--- Runs what waits for a client, once it is initialized. A request that was sent right here would
--- overtake the buffers, which Neovim opens after this.
---@param client_id integer
local function call_waiting(client_id)
  vim.schedule(function()
    local callbacks = waiting[client_id] or {}
    waiting[client_id] = nil
    for _, callback in ipairs(callbacks) do
      callback()
    end
  end)
end

---@param client vim.lsp.Client
local function on_init(client)
  call_waiting(client.id)
end

---@param config table
---@return table config
local function with_on_init(config)
  local callbacks = config.on_init or {}
  if type(callbacks) == "function" then
    callbacks = { callbacks }
  end
  if not vim.list_contains(callbacks, on_init) then
    config.on_init = vim.list_extend({ on_init }, callbacks)
  end
  return config
end

--- The server's settings, where the user gives no others: what the plugin does itself is left to it.
---@return table<string, any>
local function default_settings()
  local show = options.get().show
  return {
    clientVersion = PROTOCOL_VERSION,
    ui = "client",
    -- Whatever config.toml says for other editors: nothing here runs commands.
    commands = { executor = "server" },
    diagnostics = show.diagnostics,
    codeLens = show.lenses,
  }
end

--- What shows or does things by itself when a server has news. Loaded once there is to be a server; it
--- needs what is here.
local function load_listeners()
  for _, name in ipairs({ "inline", "lenses", "ask", "output", "reload", "review", "transcript" }) do
    require("rummy." .. name)
  end
end

--- The configuration for |vim.lsp.start()|, and for |vim.lsp.config()| to begin with.
---@return table
function M.config()
  vim.schedule(load_listeners)
  -- Neovim 0.10 does not add its own capabilities to what it is given.
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  -- Neovim looks at the version of the text that an edit was made for, but does not say so.
  capabilities.workspace.workspaceEdit.documentChanges = true
  capabilities.experimental = { rummy = answers.capabilities }
  return with_on_init(vim.tbl_deep_extend("force", {
    name = NAME,
    cmd = default_cmd(),
    root_dir = M.root_dir,
    root_markers = { ".git" },
    init_options = default_settings(),
    capabilities = capabilities,
    handlers = vim.tbl_extend("error", state.handlers, answers.handlers),
    commands = answers.commands,
  }, options.of_client()))
end

--- The configuration with what the user gave to |vim.lsp.config()|, where that exists.
---@return table
local function resolved_config()
  local config = vim.lsp.config and vim.lsp.config[NAME]
  return config and with_on_init(vim.deepcopy(config)) or M.config()
end

local told = false

--- Whether the server can be started. If not, the user is told what to do: once, or whenever it
--- was asked for.
---@param config table
---@param was_asked_for boolean
---@return boolean
local function can_start(config, was_asked_for)
  local missing = complaint(config.cmd)
  if missing and (was_asked_for or not told) then
    told = true
    vim.notify(missing, vim.log.levels.ERROR)
  end
  return missing == nil
end

local checked = false

--- What `:checkhealth` looks at: the configuration, and what is wrong with its `cmd`.
---@return table config
---@return string? complaint
function M.inspect()
  local config = resolved_config()
  return config, complaint(config.cmd)
end

---@return vim.lsp.Client[]
function M.all()
  return vim.lsp.get_clients({ name = NAME })
end

--- Tells the user if the server cannot be started. Only the first call does: to look at the
--- configuration is to load `lsp/rummy.lua`, which calls this.
function M.check()
  if not checked then
    checked = true
    can_start(resolved_config(), false)
  end
end

---@param bufnr integer
---@return boolean
local function is_file(bufnr)
  local name = vim.api.nvim_buf_get_name(bufnr)
  return vim.api.nvim_buf_is_loaded(bufnr)
    and vim.bo[bufnr].buftype == ""
    and name ~= ""
    and not name:match("^%a[%w+.-]*://")
end

---@param client vim.lsp.Client
---@param bufnr integer
---@return lsp.WorkspaceFolder?
local function folder_around(client, bufnr)
  local file = path.of_buffer(bufnr)
  return vim.iter(client.workspace_folders or {}):find(function(folder)
    return path.is_below(file, path.of_uri(folder.uri))
  end)
end

--- The URI of the folder that a run started in this buffer works in.
---@param client vim.lsp.Client
---@param bufnr integer
---@return lsp.URI?
function M.workspace_of(client, bufnr)
  local folder = folder_around(client, bufnr) or (client.workspace_folders or {})[1]
  return folder and folder.uri
end

--- Passes on the workspace folder of a buffer, as |lsp-root_dir()| does.
---@param bufnr integer
---@param on_dir fun(folder: string)
function M.root_dir(bufnr, on_dir)
  local markers = resolved_config().root_markers
  on_dir(vim.fs.root(bufnr, markers) or vim.fn.getcwd())
end

--- Starts the server of the buffer's workspace, unless it runs, and attaches the buffer if it is a
--- file.
---@param bufnr integer
---@param config table
---@return vim.lsp.Client?
local function start(bufnr, config)
  if type(config.root_dir) == "function" then
    local root_dir = config.root_dir
    config.root_dir = nil
    root_dir(bufnr, function(folder)
      config.root_dir = folder
    end)
  end
  if not config.root_dir then
    -- The user's own function has not found a folder, or not yet.
    return nil
  end
  local id ---@type integer?
  if is_file(bufnr) then
    id = vim.lsp.start(config, { bufnr = bufnr })
  else
    id = compat.start_unattached(config)
  end
  return id and vim.lsp.get_client_by_id(id)
end

--- Attaches a file to the servers that run for folders around it, and starts the one of its own
--- workspace where that is wanted.
---@param bufnr integer
function M.follow(bufnr)
  if not vim.api.nvim_buf_is_valid(bufnr) or not is_file(bufnr) then
    return
  end
  if autostart then
    local config = resolved_config()
    local filetypes = config.filetypes
    local is_meant = not filetypes or vim.list_contains(filetypes, vim.bo[bufnr].filetype)
    if is_meant and can_start(config, false) then
      start(bufnr, config)
    end
  end
  for _, client in ipairs(M.all()) do
    if folder_around(client, bufnr) then
      vim.lsp.buf_attach_client(bufnr, client.id)
    end
  end
end

--- Follows the files of the editor, those that are open and those to come. What the server does not
--- know to be open it changes on the disk, behind the user's back, so all files of its folder are
--- attached, whatever their type.
local function follow_files()
  vim.api.nvim_create_autocmd({ "BufReadPost", "BufNewFile", "BufWritePost", "FileType" }, {
    group = vim.api.nvim_create_augroup("rummy.files", {}),
    desc = "Attach the file to rummy's server",
    callback = function(event)
      -- The file's type is set by another handler of the same event. A buffer without a name becomes
      -- a file when it is written.
      vim.schedule(function()
        M.follow(event.buf)
      end)
    end,
  })
  vim.iter(vim.api.nvim_list_bufs()):each(M.follow)
end

--- Takes the options that were set.
function M.setup()
  autostart = options.get().autostart
  if vim.lsp.config then
    -- Makes Neovim forget what it has resolved with other options.
    vim.lsp.config(NAME, {})
  end
  follow_files()
end

--- Calls back with the server of the buffer's workspace, which is started if it does not run. It
--- knows the open files of the workspace by then.
---@param bufnr integer
---@param callback fun(client: vim.lsp.Client)
function M.with_server(bufnr, callback)
  local of_document = M.of_document(bufnr)
  if of_document then
    callback(of_document)
    return
  end
  local config = resolved_config()
  if not can_start(config, true) then
    return
  end
  config.root_dir = vim.b[bufnr].rummy_root or config.root_dir
  local client = start(bufnr, config)
  if not client then
    vim.notify("rummy: there is no workspace folder for this buffer", vim.log.levels.ERROR)
    return
  end
  local function ready()
    follow_files()
    callback(client)
  end
  if client.initialized then
    ready()
  else
    waiting[client.id] = vim.list_extend(waiting[client.id] or {}, { ready })
  end
end

--- Takes note of the server that a buffer which is no file shows something of: an entry, a run.
---@param bufnr integer
---@param server vim.lsp.Client
function M.set_document(bufnr, server)
  vim.b[bufnr].rummy_client = server.id
  vim.b[bufnr].rummy_root = server.root_dir or server.config.root_dir
end

--- That server; the one that took its place, where it was started anew.
---@param bufnr integer
---@return vim.lsp.Client?
function M.of_document(bufnr)
  local id, root = vim.b[bufnr].rummy_client, vim.b[bufnr].rummy_root
  local server = id and vim.lsp.get_client_by_id(id)
  if server or not root then
    return server or nil
  end
  for _, other in ipairs(M.all()) do
    if (other.root_dir or other.config.root_dir) == root and other.initialized then
      M.set_document(bufnr, other)
      return other
    end
  end
end

--- How often it is looked whether servers have ended.
local LOOK_MS = 50

---@param clients vim.lsp.Client[]
---@param callback fun()
local function when_ended(clients, callback)
  local is_there = vim.iter(clients):any(function(client)
    return vim.lsp.get_client_by_id(client.id) ~= nil
  end)
  if is_there then
    vim.defer_fn(function()
      when_ended(clients, callback)
    end, LOOK_MS)
  else
    callback()
  end
end

--- Ends the servers, and starts those of the files that they were attached to again; where none runs, that
--- of a buffer.
---@param bufnr integer
function M.restart(bufnr)
  local buffers = { bufnr }
  local ending = M.all()
  for _, client in ipairs(ending) do
    vim.list_extend(buffers, vim.tbl_keys(client.attached_buffers))
    compat.stop(client)
  end
  when_ended(ending, function()
    for _, buffer in ipairs(buffers) do
      local is_wanted = buffer == bufnr or vim.api.nvim_buf_is_valid(buffer) and is_file(buffer)
      if is_wanted then
        M.with_server(buffer, function() end)
      end
    end
  end)
end

--- Sends a request and waits for its result: for what has to be known, or done, when it returns.
---@param client vim.lsp.Client
---@param method string
---@param params table
---@param most_ms? integer
---@return any result nil where it failed
---@return string? why
function M.request_sync(client, method, params, most_ms)
  local answer = compat.request_sync(client, method, params, most_ms or 5000)
  if not answer then
    return nil, "the server does not answer"
  elseif answer.err then
    return nil, answer.err.message
  end
  return answer.result, nil
end

--- Sends a request. An error is shown to the user.
---@param client_id integer
---@param method string
---@param params table
---@param on_result? fun(result: any)
---@param on_error? fun(message: string) in place of showing it
function M.request(client_id, method, params, on_result, on_error)
  if next(params) == nil then
    -- Else it would be an empty list.
    params = vim.empty_dict()
  end
  ---@param err? lsp.ResponseError
  ---@param result any
  local function handler(err, result)
    if err and on_error then
      on_error(err.message)
    elseif err then
      vim.notify("rummy: " .. err.message, vim.log.levels.ERROR)
    elseif on_result then
      on_result(result)
    end
  end
  local client = vim.lsp.get_client_by_id(client_id)
  if not client or not compat.request(client, method, params, handler) then
    handler({ code = 0, message = "the server is not running any more" })
  end
end

vim.api.nvim_create_autocmd("LspAttach", {
  group = vim.api.nvim_create_augroup("rummy.client", {}),
  desc = "Go on with what waited for rummy's server",
  callback = function(event)
    -- A configuration's own `on_init` may have replaced the one here.
    call_waiting(event.data.client_id)
  end,
})

vim.api.nvim_create_autocmd("LspDetach", {
  group = "rummy.client",
  desc = "Forget the runs of a server that has ended",
  callback = function(event)
    vim.schedule(function()
      if not vim.lsp.get_client_by_id(event.data.client_id) then
        state.forget(event.data.client_id)
      end
    end)
  end,
})

return M
