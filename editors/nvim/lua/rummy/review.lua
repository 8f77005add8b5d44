--- All that is pending, over all files and runs: as a list for choosing, and as a quickfix list that
--- follows what is decided.

local state = require("rummy.state")

local M = {}

local TITLE = "Rummy: pending"

---@class rummy.Pending: rummy.DecidedProposal
---@field title string
---@field proposal rummy.Proposal

--- Every proposal that waits, the newest run's first.
---@param fits fun(run: rummy.Run): boolean
---@return rummy.Pending[]
function M.pending(fits)
  local found = {} ---@type rummy.Pending[]
  for _, run in ipairs(state.runs()) do
    for _, proposal in ipairs(fits(run) and run.proposals or {}) do
      table.insert(found, {
        client_id = run.client_id,
        run = run.run,
        path = proposal.path,
        title = proposal.title,
        proposal = proposal,
      })
    end
  end
  return found
end

--- The files that something is pending on, by name.
---@return string[]
function M.files()
  local files = {} ---@type table<string, true>
  for _, run in ipairs(state.runs()) do
    for _, proposal in ipairs(run.proposals) do
      if proposal.file and #proposal.hunks > 0 then
        files[proposal.file] = true
      end
    end
  end
  local names = vim.tbl_keys(files)
  table.sort(names)
  return names
end

--- What a hunk does, in a line.
---@param hunk rummy.Hunk
---@return string
local function in_a_line(hunk)
  local text = hunk.added ~= "" and hunk.added or hunk.removed
  local first = vim.trim(vim.split(text, "\n", { plain = true })[1])
  return (hunk.added ~= "" and "+ " or "− ") .. first
end

---@param one rummy.Pending
---@return vim.quickfix.entry[]
local function entries_of(one)
  local proposal = one.proposal
  local function entry(text, hunk)
    local is_in_conflict = proposal.conflict and (not hunk or hunk.standing == "conflict")
    return {
      text = ("%s%s: %s"):format(is_in_conflict and "conflict: " or "", one.run, text),
      type = is_in_conflict and "W" or "I",
      user_data = {
        rummy = {
          client_id = one.client_id,
          run = one.run,
          path = one.path,
          hunks = hunk and { hunk.id },
        },
      },
    }
  end
  if not proposal.uri or #proposal.hunks == 0 then
    local item = entry(proposal.title)
    item.valid = 0
    return { item }
  end
  local file = vim.uri_to_fname(proposal.uri)
  return vim.tbl_map(function(hunk)
    local has_lines = hunk.added ~= "" or hunk.removed ~= ""
    local is_whole = #proposal.hunks == 1 and proposal.kind ~= "edit"
    local text = proposal.title
    if has_lines and not is_whole then
      text = in_a_line(hunk)
    end
    local item = entry(text, hunk)
    item.filename = file
    item.lnum = hunk.range.start.line + 1
    return item
  end, proposal.hunks)
end

---@param run? string only this run's
---@return vim.quickfix.entry[]
local function items(run)
  local found = {} ---@type vim.quickfix.entry[]
  local pending = M.pending(function(other)
    return not run or other.run == run
  end)
  for _, one in ipairs(pending) do
    vim.list_extend(found, entries_of(one))
  end
  return found
end

---@class rummy.List the quickfix list that is kept in step
---@field id integer
---@field run? string

local list ---@type rummy.List?

---@param run? string
function M.open(run)
  local found = items(run)
  if #found == 0 then
    vim.notify("rummy: nothing is pending")
    return
  end
  vim.fn.setqflist({}, " ", { title = TITLE, items = found })
  list = { id = vim.fn.getqflist({ id = 0 }).id, run = run }
  vim.cmd("botright copen")
end

--- Puts what is pending now into the list, where there is one; the cursor stays at its place.
local function follow()
  if not list then
    return
  end
  local there = vim.fn.getqflist({ id = list.id, idx = 0 })
  if there.id ~= list.id then
    -- It was pushed out by newer lists.
    list = nil
    return
  end
  local found = items(list.run)
  vim.fn.setqflist({}, "r", {
    id = list.id,
    items = found,
    idx = math.max(1, math.min(there.idx, #found)),
  })
end

local is_due = false

state.listen("proposals", function()
  if list and not is_due then
    is_due = true
    vim.schedule(function()
      is_due = false
      follow()
    end)
  end
end)

--- What the lines of a call are about, where its buffer is the list.
---@param call rummy.Call
---@return rummy.DecidedProposal[]?
function M.at(call)
  if vim.bo[call.bufnr].buftype ~= "quickfix" then
    return nil
  end
  local first = call.lines and call.lines.first or call.line
  local last = call.lines and call.lines.last or call.line
  local found = {} ---@type rummy.DecidedProposal[]
  for index, item in ipairs(vim.fn.getqflist()) do
    local data = type(item.user_data) == "table" and item.user_data.rummy
    if data and first < index and index <= last + 1 then
      table.insert(found, data)
    end
  end
  return found
end

return M
