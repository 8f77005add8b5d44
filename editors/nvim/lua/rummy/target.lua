--- Which run, which change a command is about.

local client = require("rummy.client")
local inline = require("rummy.inline")
local state = require("rummy.state")
local status = require("rummy.status")

local M = {}

---@class rummy.Lines whole lines, counted from 0, both inclusive
---@field first integer
---@field last integer

---@class rummy.Call
---@field bufnr integer
---@field line integer the range's first line, else the cursor's, counted from 0
---@field run? string the run that was named: `@fix-login`
---@field text string what follows the subcommand and the run
---@field bang boolean
---@field lines? rummy.Lines the range that was given

---@param message string
function M.complain(message)
  vim.notify("rummy: " .. message, vim.log.levels.ERROR)
end

--- A run that a command is about.
---@class rummy.Named
---@field client_id integer
---@field run string

---@param run rummy.Run
---@return rummy.Named
local function named(run)
  return { client_id = run.client_id, run = run.run }
end

--- The run that a buffer shows something of.
---@param bufnr integer
---@return rummy.Named?
function M.of_document(bufnr)
  local server = client.of_document(bufnr)
  local alias = vim.b[bufnr].rummy_run
  return server and alias and { client_id = server.id, run = alias } or nil
end

--- Calls back with the run that is meant: the one that was named, that of the buffer, that of the change
--- under the cursor, or the newest that fits.
---@param call rummy.Call
---@param fits fun(run: rummy.Run): boolean
---@param none string what to complain of where there is no such run
---@param callback fun(named: rummy.Named)
function M.with_run(call, fits, none, callback)
  if call.run then
    local known = state.newest(function(run)
      return run.run == call.run
    end)
    if known then
      callback(named(known))
    else
      client.with_server(call.bufnr, function(server)
        callback({ client_id = server.id, run = call.run })
      end)
    end
    return
  end
  local of_document = M.of_document(call.bufnr)
  local change = not of_document and inline.at(call.bufnr, call.line)
  local run = change and fits(change.run) and change.run or state.newest(fits)
  if of_document then
    callback(of_document)
  elseif run then
    callback(named(run))
  else
    M.complain(none)
  end
end

---@param _ rummy.Run
---@return boolean
function M.any(_)
  return true
end

---@param run rummy.Run
---@return boolean
function M.is_pending(run)
  return run.pending > 0
end

--- What a decision is about: a run, a proposal of it, some hunks of that.
---@class rummy.Decided: rummy.Named
---@field path? string
---@field hunks? string[]

--- The same, about one proposal.
---@class rummy.DecidedProposal: rummy.Decided
---@field path string

---@param change rummy.Change
---@return rummy.DecidedProposal
local function of_change(change)
  return {
    client_id = change.run.client_id,
    run = change.run.run,
    path = change.proposal.path,
    hunks = { change.hunk.id },
  }
end

--- The changes on these lines, those of one proposal together; a proposal whose hunks are all meant is
--- meant as a whole.
---@param bufnr integer
---@param lines rummy.Lines
---@return rummy.DecidedProposal[]
local function on_lines(bufnr, lines)
  local by_path = {} ---@type table<string, rummy.DecidedProposal>
  local found = {} ---@type rummy.DecidedProposal[]
  local whole = {} ---@type table<rummy.DecidedProposal, integer>
  for _, standing in ipairs(inline.standing(bufnr)) do
    if standing.first <= lines.last and lines.first <= standing.last then
      local decided = of_change(standing.change)
      local key = decided.run .. "\n" .. decided.path
      if by_path[key] then
        vim.list_extend(by_path[key].hunks, decided.hunks)
      else
        by_path[key] = decided
        whole[decided] = #standing.change.proposal.hunks
        table.insert(found, decided)
      end
    end
  end
  for _, decided in ipairs(found) do
    if #decided.hunks == whole[decided] then
      decided.hunks = nil
    end
  end
  return found
end

--- What is meant to be accepted or rejected. Empty where nothing is there.
---@param call rummy.Call
---@return rummy.DecidedProposal[]
function M.decided(call)
  local review = require("rummy.review").at(call)
  if review then
    return review
  end
  local document = require("rummy.diff").at(call) or require("rummy.transcript").at(call)
  if document then
    return { document }
  end
  if call.lines and call.lines.first < call.lines.last then
    return on_lines(call.bufnr, call.lines)
  end
  local change = inline.at(call.bufnr, call.line)
  return change and { of_change(change) } or {}
end

--- The proposal of this path, if it still waits.
---@param at rummy.DecidedProposal
---@return rummy.Proposal?
function M.proposal(at)
  local run = state.get(at.client_id, at.run)
  return run
    and vim.iter(run.proposals):find(function(proposal)
      return proposal.path == at.path
    end)
end

M.is_at_work = status.is_at_work

return M
