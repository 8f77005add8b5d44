--- `:Rummy`. Each subcommand is one request to the server.

local client = require("rummy.client")
local state = require("rummy.state")

local M = {}

---@class rummy.Lines whole lines, counted from 0, both inclusive
---@field first integer
---@field last integer

---@class rummy.Call
---@field bufnr integer
---@field line integer the range's first line, else the cursor's, counted from 0
---@field text string what follows the subcommand
---@field bang boolean
---@field lines? rummy.Lines the range that was given

---@param message string
local function complain(message)
  vim.notify("rummy: " .. message, vim.log.levels.ERROR)
end

---@param bufnr integer
---@param lines rummy.Lines
---@param encoding string
---@return { uri: lsp.DocumentUri, range: lsp.Range }
local function selection(bufnr, lines, encoding)
  local text = vim.api.nvim_buf_get_lines(bufnr, lines.last, lines.last + 1, false)[1] or ""
  local width = vim.lsp.util.character_offset(bufnr, lines.last, #text, encoding)
  return {
    uri = vim.uri_from_bufnr(bufnr),
    range = {
      start = { line = lines.first, character = 0 },
      ["end"] = { line = lines.last, character = width },
    },
  }
end

---@alias rummy.Mode "ask"|"act"

--- What a prompt is asked for with.
local LABELS = { act = "Let Rummy: ", ask = "Ask Rummy: " }

--- Calls back with the prompt. Where none is given, the user is asked for it.
---@param mode rummy.Mode
---@param given string
---@param callback fun(prompt: string)
local function with_prompt(mode, given, callback)
  if given ~= "" then
    callback(given)
    return
  end
  vim.ui.input({ prompt = LABELS[mode] }, function(prompt)
    prompt = vim.trim(prompt or "")
    if prompt ~= "" then
      callback(prompt)
    end
  end)
end

---@param mode rummy.Mode
---@param client_id integer
---@param params table
local function begin(mode, client_id, params)
  client.request(client_id, "rummy/" .. mode, params, function(result)
    state.started(client_id, result)
    vim.notify(("rummy %s: started"):format(result.run))
  end)
end

---@param mode rummy.Mode
---@return fun(call: rummy.Call)
local function beginner(mode)
  return function(call)
    with_prompt(mode, call.text, function(prompt)
      client.with_server(call.bufnr, function(server)
        local params = { prompt = prompt, workspace = client.workspace_of(server, call.bufnr) }
        if call.lines then
          params.selection = selection(call.bufnr, call.lines, server.offset_encoding)
        end
        begin(mode, server.id, params)
      end)
    end)
  end
end

--- Starts the run of a code action. Those of a selection come without a prompt.
---@param mode rummy.Mode
---@param client_id integer
---@param params table
function M.carry_out(mode, client_id, params)
  with_prompt(mode, params.prompt or "", function(prompt)
    begin(mode, client_id, vim.tbl_extend("force", params, { prompt = prompt }))
  end)
end

--- The newest run that fits.
---@param fits fun(run: rummy.Run): boolean
---@return rummy.Run?
local function newest(fits)
  return vim.iter(state.runs()):find(fits)
end

---@param call rummy.Call
local function abort(call)
  local run = newest(function(other)
    return other.run == call.text or (call.text == "" and state.is_at_work(other))
  end)
  if run then
    client.request(run.client_id, "rummy/abort", { run = run.run })
  else
    complain(call.text == "" and "no run is at work" or "there is no run " .. call.text)
  end
end

--- Accepts or rejects the hunk on the call's line; with a bang, all that is pending of its run, or else
--- of the newest run that has something pending.
---@param method "rummy/accept"|"rummy/reject"
---@param call rummy.Call
---@param reason? string
local function decide(method, call, reason)
  local run, proposal, hunk = state.hunk_at(call.bufnr, call.line)
  local params = { reason = reason }
  if call.bang then
    run = run or newest(function(other)
      return other.pending > 0
    end)
  elseif proposal and hunk then
    params.path = proposal.path
    params.hunks = { hunk.id }
  end
  if not run then
    complain(call.bang and "nothing is pending" or "there is no proposal on this line")
    return
  end
  params.run = run.run
  -- What cannot be accepted the server shows by itself.
  client.request(run.client_id, method, params)
end

---@type table<string, fun(call: rummy.Call)>
local subcommands = {
  abort = abort,
  accept = function(call)
    decide("rummy/accept", call)
  end,
  act = beginner("act"),
  ask = beginner("ask"),
  reject = function(call)
    decide("rummy/reject", call, call.text ~= "" and call.text or nil)
  end,
}

local names = vim.tbl_keys(subcommands)
table.sort(names)

---@param command vim.api.keyset.create_user_command.command_args
function M.run(command)
  local name, bang, text = command.args:match("^(%a*)(!?)%s*(.-)%s*$")
  local subcommand = subcommands[name]
  if not subcommand then
    complain((":Rummy %s is none of %s"):format(command.args, table.concat(names, ", ")))
    return
  end
  subcommand({
    bufnr = vim.api.nvim_get_current_buf(),
    line = command.line1 - 1,
    text = text,
    bang = command.bang or bang == "!",
    lines = command.range > 0 and { first = command.line1 - 1, last = command.line2 - 1 } or nil,
  })
end

---@param lead string what is to be completed
---@param line string the whole command line
---@return string[]
function M.complete(lead, line)
  local candidates = {} ---@type string[]
  local before = line:sub(1, #line - #lead)
  if before:match("Rummy!?%s+$") then
    candidates = names
  elseif before:match("Rummy!?%s+abort%s+$") then
    for _, run in ipairs(state.runs()) do
      if state.is_at_work(run) then
        table.insert(candidates, run.run)
      end
    end
  end
  return vim.tbl_filter(function(candidate)
    return vim.startswith(candidate, lead)
  end, candidates)
end

return M
