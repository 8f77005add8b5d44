--- What the servers say about their runs: the notifications, what is kept of them, and what the
--- user is told.

local lenses = require("rummy.lenses")
local path = require("rummy.path")

---@class rummy.state
local M = {}

---@class rummy.Hunk
---@field id string
---@field range lsp.Range the changed lines, as the document has them now
---@field removed string
---@field added string

---@class rummy.Proposal
---@field path string the proposal's identity
---@field title string
---@field kind "edit"|"create"|"delete"|"rename"|"copy"|"command"|"question"
---@field uri? lsp.DocumentUri
---@field hunks rummy.Hunk[]
---@field conflict boolean

---@class rummy.Run
---@field run string the run's alias
---@field client_id integer
---@field status? integer 100 queued, 102 at work, 202 waiting for the user; others are ends. Nil
---where the server was restarted and has only named the proposals
---@field turn integer
---@field activity? "thinking"|"streaming"|"processing"|"retrying" what the turn does
---@field answer string the model's answer, as far as it has come in
---@field summary string
---@field pending integer how many proposals wait
---@field proposals rummy.Proposal[] those that wait
---@field order integer greater for a run that was started, or first heard of, later

local runs = {} ---@type table<integer, table<string, rummy.Run>> by client and alias
local last_order = 0

local WAITING = 202

--- The statuses of a run at work, as a statusline has them.
local AT_WORK = { [100] = "queued", [102] = "running", [WAITING] = "waiting" }

--- How a run can end, and how loud the user is told.
local ENDS = {
  [200] = { "done", vim.log.levels.INFO },
  [204] = { "there was nothing to do", vim.log.levels.INFO },
  [413] = { "too large for the model", vim.log.levels.ERROR },
  [422] = { "cannot be done as asked", vim.log.levels.WARN },
  [499] = { "aborted", vim.log.levels.WARN },
  [500] = { "failed", vim.log.levels.ERROR },
}

---@return integer
local function next_order()
  last_order = last_order + 1
  return last_order
end

---@param client_id integer
---@param alias string
---@return rummy.Run
local function run_of(client_id, alias)
  runs[client_id] = runs[client_id] or {}
  local run = runs[client_id][alias]
  if not run then
    run = {
      run = alias,
      client_id = client_id,
      turn = 0,
      answer = "",
      summary = "",
      pending = 0,
      proposals = {},
      order = next_order(),
    }
    runs[client_id][alias] = run
  end
  return run
end

--- All runs whose server is there, the newest first.
---@return rummy.Run[]
function M.runs()
  local found = {} ---@type rummy.Run[]
  for client_id, of_client in pairs(runs) do
    if vim.lsp.get_client_by_id(client_id) then
      vim.list_extend(found, vim.tbl_values(of_client))
    else
      runs[client_id] = nil
    end
  end
  table.sort(found, function(a, b)
    return a.order > b.order
  end)
  return found
end

---@param run rummy.Run
---@return boolean
function M.is_at_work(run)
  return AT_WORK[run.status] ~= nil
end

---@param pattern "RummyState"|"RummyProposal"
---@param run rummy.Run
local function announce(pattern, run)
  vim.api.nvim_exec_autocmds("User", { pattern = pattern, modeline = false, data = run })
end

---@param run rummy.Run
---@param status integer
local function set_status(run, status)
  local before = run.status
  run.status = status
  if status == before then
    return
  end
  local finish = ENDS[status]
  if status == WAITING then
    local count = run.pending == 1 and "1 proposal waits" or run.pending .. " proposals wait"
    vim.notify(("rummy %s: %s for you"):format(run.run, count))
  elseif finish and AT_WORK[before] then
    local summary = run.summary == "" and "" or ": " .. run.summary
    vim.notify(("rummy %s: %s (%d)%s"):format(run.run, finish[1], status, summary), finish[2])
  end
end

--- Takes note of a run that this editor has just started.
---@param client_id integer
---@param result { run: string, status: integer }
function M.started(client_id, result)
  local run = run_of(client_id, result.run)
  run.order = next_order()
  -- What the server says of the run may have come before its answer.
  run.status = run.status or result.status
  announce("RummyState", run)
end

---@type table<string, lsp.Handler>
M.handlers = {
  ["run/state"] = function(_, params, context)
    local run = run_of(context.client_id, params.run)
    run.turn = params.turn
    run.summary = params.summary
    run.pending = params.pending
    set_status(run, params.status)
    announce("RummyState", run)
  end,

  ["run/progress"] = function(_, params, context)
    local run = run_of(context.client_id, params.run)
    run.turn = params.turn
    run.activity = params.status
    announce("RummyState", run)
  end,

  ["run/text"] = function(_, params, context)
    if params.kind == "answer" then
      local run = run_of(context.client_id, params.run)
      -- A repeated call begins again at 0.
      run.answer = run.answer:sub(1, params.offset) .. params.text
    end
  end,

  ["run/proposal"] = function(_, params, context)
    local run = run_of(context.client_id, params.run)
    run.proposals = params.proposals
    run.pending = #params.proposals
    lenses.refresh(context.client_id)
    announce("RummyProposal", run)
  end,
}

--- The hunk on a line, counted from 0; that of the newest run, where several want to change it.
---@param bufnr integer
---@param line integer
---@return rummy.Run? run
---@return rummy.Proposal? proposal
---@return rummy.Hunk? hunk
function M.hunk_at(bufnr, line)
  local file = path.of_buffer(bufnr)
  local last_line = vim.api.nvim_buf_line_count(bufnr) - 1
  for _, run in ipairs(M.runs()) do
    for _, proposal in ipairs(run.proposals) do
      local is_here = proposal.uri and path.of_uri(proposal.uri) == file
      for _, hunk in ipairs(is_here and proposal.hunks or {}) do
        -- The end is the beginning of the line after, and an insertion has no line of its own. One
        -- at the end of the text begins behind its last line.
        local first = math.min(hunk.range.start.line, last_line)
        local last = math.max(first, hunk.range["end"].line - 1)
        if first <= line and line <= last then
          return run, proposal, hunk
        end
      end
    end
  end
end

--- See |rummy.status()|.
---@return string
function M.status()
  local shown = vim.iter(M.runs()):filter(function(run)
    return M.is_at_work(run) or run.pending > 0
  end)
  local run = shown:next() ---@type rummy.Run?
  if not run then
    return ""
  end
  local parts = { "rummy " .. run.run }
  if run.turn > 0 then
    table.insert(parts, "turn " .. run.turn)
  end
  if run.status == 102 and run.activity then
    table.insert(parts, run.activity)
  elseif M.is_at_work(run) then
    table.insert(parts, AT_WORK[run.status])
  end
  if run.pending > 0 then
    table.insert(parts, run.pending .. " pending")
  end
  return table.concat(parts, " · ")
end

return M
