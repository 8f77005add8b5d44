--- What the servers say about their runs: the notifications, what is kept of them, and who is told.
--- Modules listen (`listen`); a user's configuration has |User| autocommands. How a run is put into
--- words is `rummy.status`'s.

local options = require("rummy.options")
local path = require("rummy.path")
local status = require("rummy.status")

---@class rummy.state
local M = {}

---@class rummy.Hunk
---@field id string
---@field range lsp.Range the changed lines, as the document has them now
---@field removed string
---@field added string
---@field standing? "conflict"|"there" why it has no place in the text, where it has none

---@class rummy.Proposal
---@field path string the proposal's identity
---@field title string
---@field kind "edit"|"create"|"delete"|"rename"|"copy"|"command"|"question"
---@field target? string
---@field uri? lsp.DocumentUri
---@field file? string the file's path without links
---@field hunks rummy.Hunk[]
---@field conflict boolean
---@field overlaps { run: string, path: string }[]
---@field patch string against the text as it is now
---@field command? string
---@field question? string
---@field options? string[]

---@class rummy.Telemetry
---@field modelAlias? string
---@field contextSize? integer tokens
---@field tokensFree? integer
---@field totalTokens? integer
---@field cost? number in US dollars, where the provider says it

---@class rummy.Run
---@field run string the run's alias
---@field client_id integer
---@field status? integer 100 queued, 102 at work, 202 waiting for the user; others are ends. Nil
---where the server was restarted and has only named the proposals
---@field turn integer
---@field phase? "define"|"discover"|"deploy"
---@field activity? "thinking"|"streaming"|"processing"|"retrying" what the turn does
---@field detail? string more about it
---@field telemetry? rummy.Telemetry
---@field answer string the model's answer of this turn, as far as it has come in
---@field reasoning string
---@field summary string
---@field pending integer how many proposals wait
---@field proposals rummy.Proposal[] those that wait
---@field is_mine boolean whether it was started in this editor
---@field order integer greater for a run that was started, or first heard of, later

--- What a command prints.
---@class rummy.Chunk
---@field run string
---@field path string the command's log entry
---@field channel 1|2
---@field chunk string

---@alias rummy.Topic "state"|"text"|"proposals"|"chunk"|"history"

--- The least time between two |RummyState| events that tell of no new status.
local EVENT_PAUSE_MS = 50

local runs = {} ---@type table<integer, table<string, rummy.Run>> by client and alias
local last_order = 0

---@type table<rummy.Topic, fun(run: rummy.Run, what: any)[]>
local listeners = { state = {}, text = {}, proposals = {}, chunk = {}, history = {} }

--- Calls back whenever there is news on the topic. A run that is forgotten has no proposals.
---@param topic rummy.Topic
---@param listener fun(run: rummy.Run, what: any)
function M.listen(topic, listener)
  table.insert(listeners[topic], listener)
end

---@param topic rummy.Topic
---@param run rummy.Run
---@param what? any
local function tell(topic, run, what)
  for _, listener in ipairs(listeners[topic]) do
    listener(run, what)
  end
end

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
      reasoning = "",
      summary = "",
      pending = 0,
      proposals = {},
      is_mine = false,
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
    end
  end
  table.sort(found, function(a, b)
    return a.order > b.order
  end)
  return found
end

--- The newest run that fits.
---@param fits fun(run: rummy.Run): boolean
---@return rummy.Run?
function M.newest(fits)
  return vim.iter(M.runs()):find(fits)
end

---@param client_id integer
---@param alias string
---@return rummy.Run?
function M.get(client_id, alias)
  return runs[client_id] and runs[client_id][alias]
end

---@param pattern "RummyState"|"RummyProposal"
---@param run rummy.Run
local function announce(pattern, run)
  if vim.o.statusline:find("rummy", 1, true) then
    vim.cmd.redrawstatus()
  end
  vim.api.nvim_exec_autocmds("User", { pattern = pattern, modeline = false, data = run })
end

local paused = {} ---@type table<rummy.Run, boolean> true where there is news to announce

--- Announces a run's state: at once, and while news come faster than anyone reads them, the newest.
---@param run rummy.Run
local function announce_in_time(run)
  if paused[run] ~= nil then
    paused[run] = true
    return
  end
  paused[run] = false
  announce("RummyState", run)
  tell("state", run)
  vim.defer_fn(function()
    local has_news = paused[run]
    paused[run] = nil
    if has_news then
      announce_in_time(run)
    end
  end, EVENT_PAUSE_MS)
end

---@param run rummy.Run
local function announce_now(run)
  if paused[run] then
    paused[run] = false
  end
  announce("RummyState", run)
  tell("state", run)
end

---@param run rummy.Run
---@param new integer
local function set_status(run, new)
  local before = run.status
  run.status = new
  if new == before then
    announce_in_time(run)
    return
  end
  if options.get().notify then
    local text, level = status.notice(run, before)
    if text then
      vim.notify(text, level)
    end
  end
  announce_now(run)
end

---@param run rummy.Run
---@param proposals rummy.Proposal[]
local function set_proposals(run, proposals)
  for _, proposal in ipairs(proposals) do
    proposal.file = proposal.uri and path.of_uri(proposal.uri)
  end
  run.proposals = proposals
  run.pending = #proposals
  tell("proposals", run)
  announce("RummyProposal", run)
end

--- Takes note of a run that this editor has just started.
---@param client_id integer
---@param result { run: string, status: integer }
---@return rummy.Run
function M.started(client_id, result)
  local run = run_of(client_id, result.run)
  run.order = next_order()
  run.is_mine = true
  -- What the server says of the run may have come before its answer.
  run.status = run.status or result.status
  announce_now(run)
  -- Its proposals, too.
  tell("proposals", run)
  return run
end

--- Takes note of a run's new name. The server only tells of the run under that from now on.
---@param client_id integer
---@param from string
---@param to string
function M.renamed(client_id, from, to)
  local old = M.get(client_id, from)
  if not old then
    return
  end
  local new = run_of(client_id, to)
  new.is_mine = new.is_mine or old.is_mine
  new.status = new.status or old.status
  new.turn = math.max(new.turn, old.turn)
  M.gone(client_id, from)
end

--- Forgets a run that is there no more.
---@param client_id integer
---@param alias string
function M.gone(client_id, alias)
  local run = M.get(client_id, alias)
  if run then
    runs[client_id][alias] = nil
    set_proposals(run, {})
  end
end

--- Forgets the runs of a server that has ended. What they have pending is in its store.
---@param client_id integer
function M.forget(client_id)
  for alias in pairs(runs[client_id] or {}) do
    M.gone(client_id, alias)
  end
  runs[client_id] = nil
end

--- A text of which another piece has come. A repeated call begins again at 0.
---@param text string
---@param params { offset: integer, text: string }
---@return string
local function extended(text, params)
  return text:sub(1, params.offset) .. params.text
end

---@type table<string, lsp.Handler>
M.handlers = {
  ["run/state"] = function(_, params, context)
    local run = run_of(context.client_id, params.run)
    run.turn = params.turn
    run.summary = params.summary
    run.pending = params.pending
    run.phase = params.phase
    run.telemetry = params.telemetry or run.telemetry
    set_status(run, params.status)
    if #params.history > 0 then
      tell("history", run, params.history)
    end
  end,

  ["run/progress"] = function(_, params, context)
    local run = run_of(context.client_id, params.run)
    run.turn = params.turn
    run.activity = params.status
    run.detail = params.detail
    announce_in_time(run)
  end,

  ["run/text"] = function(_, params, context)
    local run = run_of(context.client_id, params.run)
    if params.kind == "answer" then
      run.answer = extended(run.answer, params)
    else
      run.reasoning = extended(run.reasoning, params)
      -- A model thinks before it answers: what is there of an answer is the last turn's.
      run.answer = params.offset == 0 and "" or run.answer
    end
    tell("text", run, params)
  end,

  ["run/proposal"] = function(_, params, context)
    set_proposals(run_of(context.client_id, params.run), params.proposals)
  end,

  ["stream/chunk"] = function(_, params, context)
    tell("chunk", run_of(context.client_id, params.run), params)
  end,

  ["stream/cancelled"] = function(_, params, context)
    tell("chunk", run_of(context.client_id, params.run), params)
  end,
}

return M
