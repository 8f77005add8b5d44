--- A run in words: the text for a statusline, what the user is told when a run waits or ends, and the
--- figures of |rummy.info()|.

local M = {}

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

---@param run rummy.Run
---@return boolean
function M.is_at_work(run)
  return AT_WORK[run.status] ~= nil
end

---@param status integer?
---@return string
function M.name(status)
  return AT_WORK[status] or ENDS[status] and ENDS[status][1] or "not at work"
end

--- What the user is told when a run's status has changed, if anything.
---@param run rummy.Run
---@param before? integer
---@return string? text
---@return integer? level
function M.notice(run, before)
  local finish = ENDS[run.status]
  if run.status == WAITING then
    local count = run.pending == 1 and "1 proposal waits" or run.pending .. " proposals wait"
    return ("rummy %s: %s for you"):format(run.run, count), vim.log.levels.INFO
  elseif finish and AT_WORK[before] then
    local summary = run.summary == "" and "" or ": " .. run.summary
    return ("rummy %s: %s (%d)%s"):format(run.run, finish[1], run.status, summary), finish[2]
  end
end

--- 12345 as `12.3k`.
---@param tokens integer
---@return string
local function short(tokens)
  if tokens < 1000 then
    return tostring(tokens)
  end
  return ("%.1fk"):format(tokens / 1000)
end

--- What the run does right now.
---@param run rummy.Run
---@return string?
local function doing(run)
  if run.status == 102 and run.activity then
    return run.activity
  end
  return AT_WORK[run.status]
end

--- A run in a few words: `rummy fix-login · turn 3 · discover · streaming · 12.4k free · $0.02 · 2
--- pending`. Left out is what is not known.
---@param run rummy.Run
---@return string
function M.line(run)
  local parts = { "rummy " .. run.run }
  local telemetry = run.telemetry or {}
  local is_at_work = M.is_at_work(run)
  if run.turn > 0 then
    table.insert(parts, "turn " .. run.turn)
  end
  if is_at_work and run.phase and run.turn > 0 then
    table.insert(parts, run.phase)
  end
  table.insert(parts, doing(run))
  if is_at_work and telemetry.tokensFree then
    table.insert(parts, short(telemetry.tokensFree) .. " free")
  end
  if telemetry.cost then
    table.insert(parts, ("$%.2f"):format(telemetry.cost))
  end
  if run.pending > 0 then
    table.insert(parts, run.pending .. " pending")
  end
  return table.concat(parts, " · ")
end

--- See |rummy.info()|.
---@param run rummy.Run
---@return rummy.Info
function M.info(run)
  local telemetry = run.telemetry or {}
  ---@class rummy.Info
  local info = {
    run = run.run,
    status = run.status, ---@type integer?
    turn = run.turn,
    phase = run.phase, ---@type string?
    activity = doing(run), ---@type string?
    model = telemetry.modelAlias, ---@type string?
    tokens_free = telemetry.tokensFree, ---@type integer?
    cost = telemetry.cost, ---@type number?
    pending = run.pending,
  }
  return info
end

return M
