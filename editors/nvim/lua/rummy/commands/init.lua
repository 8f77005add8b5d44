--- `:Rummy`: takes a command line apart, finds the subcommand, completes. What the subcommands do is in
--- the files beside this one.

local client = require("rummy.client")
local names_of = require("rummy.commands.names")
local target = require("rummy.target")

local M = {}

---@class rummy.Subcommand
---@field run fun(call: rummy.Call)
---@field takes_run? boolean whether `@RUN` may come first
---@field complete? fun(words: string[], call: rummy.Completed): string[] what may come behind the words

---@class rummy.Completed
---@field bufnr integer
---@field lead string
---@field run? string the run that was named

---@type table<string, rummy.Subcommand>
local subcommands = {}

for _, name in ipairs({ "start", "decide", "runs", "knowledge" }) do
  subcommands = vim.tbl_extend("error", subcommands, require("rummy.commands." .. name))
end

local names = vim.tbl_keys(subcommands)
table.sort(names)

---@param command vim.api.keyset.create_user_command.command_args
function M.run(command)
  local name, bang, text = command.args:match("^(%a*)(!?)%s*(.-)%s*$")
  local subcommand = subcommands[name]
  if not subcommand then
    target.complain((":Rummy %s is none of %s"):format(command.args, table.concat(names, ", ")))
    return
  end
  -- It may have just been read, and what is accepted must go through it.
  client.follow(vim.api.nvim_get_current_buf())
  local run ---@type string?
  if subcommand.takes_run then
    local alias, rest = text:match("^@(%S+)%s*(.*)$")
    run, text = alias, rest or text
  end
  subcommand.run({
    bufnr = vim.api.nvim_get_current_buf(),
    line = command.line1 - 1,
    run = run,
    text = text,
    bang = command.bang or bang == "!",
    lines = command.range > 0 and { first = command.line1 - 1, last = command.line2 - 1 } or nil,
  })
end

--- What may stand where `lead` does.
---@param line string the command line before it
---@param lead string
---@return string[]
local function candidates(line, lead)
  local words = vim.split(vim.trim(line), "%s+")
  -- The first is `Rummy`, perhaps behind a range.
  table.remove(words, 1)
  local name = table.remove(words, 1)
  if not name then
    return names
  end
  local subcommand = subcommands[(name:gsub("!$", ""))]
  if not subcommand then
    return {}
  end
  if subcommand.takes_run and #words == 0 and vim.startswith(lead, "@") then
    return vim.tbl_map(function(run)
      return "@" .. run
    end, names_of.runs(vim.api.nvim_get_current_buf()))
  end
  local run = subcommand.takes_run and words[1] and words[1]:match("^@(.+)$") or nil
  if run then
    table.remove(words, 1)
  end
  local completed = { bufnr = vim.api.nvim_get_current_buf(), lead = lead, run = run }
  return subcommand.complete and subcommand.complete(words, completed) or {}
end

---@param lead string what is to be completed
---@param line string the whole command line
---@param position? integer where the cursor is in it
---@return string[]
function M.complete(lead, line, position)
  local before = line:sub(1, (position or #line) - #lead)
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates(before, lead))
end

return M
