--- Subcommands about what is proposed: going to it, looking at it, deciding.

local ask = require("rummy.ask")
local decisions = require("rummy.decisions")
local inline = require("rummy.inline")
local review = require("rummy.review")
local state = require("rummy.state")
local target = require("rummy.target")

---@param none string
---@return string
local function with_hint(none)
  local count = 0
  for _, run in ipairs(state.runs()) do
    count = count + run.pending
  end
  if count == 0 then
    return none
  end
  return ("%s; :Rummy review lists what is pending"):format(none)
end

--- Accepts or rejects what the call means; with a bang, all that is pending of its run, or else of the
--- newest run that has something pending.
---@param method "rummy/accept"|"rummy/reject"
---@param call rummy.Call
---@param reason? string
local function decide(method, call, reason)
  if call.bang or call.run then
    target.with_run(call, target.is_pending, "nothing is pending", function(named)
      decisions.send(named.client_id, method, { run = named.run, reason = reason })
    end)
    return
  end
  local decided = target.decided(call)
  if #decided == 0 then
    target.complain(with_hint("there is no proposal on this line"))
  end
  for _, one in ipairs(decided) do
    local proposal = one.path and target.proposal(one)
    if proposal and proposal.kind == "question" and method == "rummy/accept" then
      ask.put(one, proposal)
      return
    end
    -- What cannot be accepted the server shows by itself.
    decisions.send(one.client_id, method, {
      run = one.run,
      path = one.path,
      hunks = one.hunks,
      reason = reason,
    })
  end
end

---@param direction 1|-1
---@return fun(call: rummy.Call)
local function goer(direction)
  return function()
    require("rummy.motion").go(direction, vim.v.count1)
  end
end

--- The proposal that a call is about: of the line, else the only one there is.
---@param call rummy.Call
---@param callback fun(decided: rummy.DecidedProposal)
local function with_proposal(call, callback)
  local decided = target.decided(call)[1]
  if decided and decided.path then
    callback(decided)
    return
  end
  local all = review.pending(function(run)
    return not call.run or run.run == call.run
  end)
  if #all == 0 then
    target.complain("nothing is pending")
    return
  end
  if #all == 1 then
    callback(all[1])
    return
  end
  vim.ui.select(all, {
    prompt = "Proposal",
    kind = "rummy.proposal",
    format_item = function(one)
      return ("%s: %s"):format(one.run, one.title)
    end,
  }, function(one)
    if one then
      callback(one)
    end
  end)
end

--- Tells what an undo did.
---@param result { undone: string[], failed: { path: string, reason: string }[] }
local function tell_of_undo(result)
  for _, failure in ipairs(result.failed) do
    vim.notify(("rummy: not undone: %s"):format(failure.reason), vim.log.levels.WARN)
  end
  if #result.undone > 0 then
    local count = #result.undone == 1 and "1 change" or #result.undone .. " changes"
    vim.notify(("rummy: %s taken back"):format(count))
  end
end

---@type table<string, rummy.Subcommand>
return {
  accept = {
    takes_run = true,
    run = function(call)
      decide("rummy/accept", call)
    end,
  },
  diff = {
    takes_run = true,
    run = function(call)
      with_proposal(call, require("rummy.diff").open)
    end,
  },
  edit = {
    takes_run = true,
    run = function(call)
      with_proposal(call, require("rummy.diff").edit)
    end,
  },
  next = { run = goer(1) },
  prev = { run = goer(-1) },
  reject = {
    takes_run = true,
    run = function(call)
      decide("rummy/reject", call, call.text ~= "" and call.text or nil)
    end,
  },
  review = {
    takes_run = true,
    run = function(call)
      inline.refresh()
      review.open(call.run)
    end,
  },
  undo = {
    takes_run = true,
    run = function(call)
      target.with_run(call, target.any, "there is no run", function(named)
        local params = { run = named.run, all = call.bang or nil }
        decisions.send(named.client_id, "rummy/undo", params, tell_of_undo)
      end)
    end,
  },
}
