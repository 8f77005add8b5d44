--- What commands print while they run, in a terminal buffer that understands colours. Only of commands that
--- ran while this editor was there; of the others the server keeps the entries `sh://…`.

local client = require("rummy.client")
local state = require("rummy.state")

local M = {}

--- How much is kept of a command's output, in bytes; the server keeps less.
local MOST = 256 * 1024

--- The statuses of a command that has not ended.
local IS_UNDER_WAY = { [100] = true, [102] = true, [202] = true }

--- Of how many commands.
local MOST_COMMANDS = 30

---@class rummy.Output
---@field key string
---@field client_id integer
---@field run string
---@field path string the command's log entry
---@field text string
---@field is_over boolean
---@field terminal? integer the channel of the terminal that shows it
---@field bufnr? integer

local outputs = {} ---@type table<string, rummy.Output>
local order = {} ---@type rummy.Output[] by when they began

---@param run rummy.Run
---@param path string
---@return string
local function key(run, path)
  return table.concat({ run.client_id, run.run, path }, "\n")
end

---@param run rummy.Run
---@param path string
---@return rummy.Output
local function output_of(run, path)
  local id = key(run, path)
  local output = outputs[id]
  if not output then
    output = {
      key = id,
      client_id = run.client_id,
      run = run.run,
      path = path,
      text = "",
      is_over = false,
    }
    outputs[id] = output
    table.insert(order, output)
    if #order > MOST_COMMANDS then
      local oldest = table.remove(order, 1)
      outputs[oldest.key] = nil
    end
  end
  return output
end

---@param output rummy.Output
---@param text string
local function print_to(output, text)
  output.text = (output.text .. text):sub(-MOST)
  if output.terminal and vim.api.nvim_buf_is_valid(output.bufnr) then
    vim.api.nvim_chan_send(output.terminal, (text:gsub("\r?\n", "\r\n")))
  end
end

state.listen("chunk", function(run, chunk)
  local output = output_of(run, chunk.path)
  if chunk.chunk then
    print_to(output, chunk.chunk)
  else
    print_to(output, ("\n[%s]\n"):format(chunk.reason))
  end
end)

state.listen("history", function(run, items)
  for _, item in ipairs(items) do
    local output = item.entry and outputs[key(run, item.entry)]
    if output and not output.is_over and not IS_UNDER_WAY[item.status] then
      output.is_over = true
      -- What comes behind the first sentence is where the output is kept.
      local first = vim.split(item.body, "\n")[1]
      print_to(output, ("\n[%s]\n"):format(first:match("^(.-)%.%s") or first))
    end
  end
end)

--- Ends a command that runs.
---@param output rummy.Output
local function cancel(output)
  if output.is_over then
    vim.notify("rummy: the command has ended")
    return
  end
  local params = { run = output.run, path = output.path, reason = "the user has cut it off" }
  client.request(output.client_id, "rummy/stream/cancel", params)
end

--- Makes the terminal that shows a command's output.
---@param output rummy.Output
local function make_terminal(output)
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(bufnr, ("rummy-output:/%s/%s"):format(output.run, output.path))
  output.bufnr, output.terminal = bufnr, vim.api.nvim_open_term(bufnr, {})
  vim.api.nvim_chan_send(output.terminal, (output.text:gsub("\r?\n", "\r\n")))
  vim.keymap.set("n", "<C-c>", function()
    cancel(output)
  end, { buffer = bufnr, desc = "End the command" })
end

--- Shows the output of a run's newest command.
---@param run? string
function M.open(run)
  local output ---@type rummy.Output?
  for _, candidate in ipairs(order) do
    if not run or candidate.run == run then
      output = candidate
    end
  end
  if not output then
    vim.notify("rummy: no command has printed anything while this editor was there")
    return
  end
  if not output.bufnr or not vim.api.nvim_buf_is_valid(output.bufnr) then
    make_terminal(output)
  end
  local window = vim.fn.bufwinid(output.bufnr)
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd("botright sbuffer " .. output.bufnr)
    vim.api.nvim_win_set_height(0, math.min(12, math.floor(vim.o.lines / 3)))
  end
  vim.cmd.normal({ "G", bang = true })
end

return M
