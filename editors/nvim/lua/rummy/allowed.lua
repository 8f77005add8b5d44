--- The command lines that the user always allows in a workspace, kept in a file of the user's. A line is
--- allowed as it stands, and no other: patterns belong into the server's `commands.allow`. What the server
--- denies it never asks about.

local M = {}

---@return string
function M.file()
  return vim.fs.joinpath(vim.fn.stdpath("data"), "rummy", "allowed.json")
end

---@return table<string, string[]> lines by workspace folder
local function read()
  local file = io.open(M.file(), "rb")
  if not file then
    return {}
  end
  local text = file:read("*a")
  file:close()
  local is_json, lines = pcall(vim.json.decode, text)
  if not is_json or type(lines) ~= "table" then
    vim.notify(
      ("rummy: %s is no JSON object; nothing is allowed by it"):format(M.file()),
      vim.log.levels.ERROR
    )
    return {}
  end
  return lines
end

---@param client_id integer
---@return string
local function folder_of(client_id)
  local client = assert(vim.lsp.get_client_by_id(client_id))
  return (client.root_dir or client.config.root_dir) --[[@as string]]
end

---@param client_id integer
---@param line string
---@return boolean
function M.has(client_id, line)
  return vim.list_contains(read()[folder_of(client_id)] or {}, line)
end

---@param client_id integer
---@param line string
function M.add(client_id, line)
  local lines = read()
  local folder = folder_of(client_id)
  lines[folder] = lines[folder] or {}
  if vim.list_contains(lines[folder], line) then
    return
  end
  table.insert(lines[folder], line)
  vim.fn.mkdir(vim.fs.dirname(M.file()), "p")
  -- Another editor reads the file as it was, or as it is.
  local new = M.file() .. "." .. vim.uv.os_getpid()
  local file = assert(io.open(new, "wb"))
  file:write(vim.json.encode(lines))
  file:close()
  assert(vim.uv.fs_rename(new, M.file()))
end

return M
