--- Asks the user what a model wants to know, and whether a command may run: one at a time, and never while
--- the user types. What is dismissed stays pending; `:Rummy answer` asks again.

local allowed = require("rummy.allowed")
local decisions = require("rummy.decisions")
local options = require("rummy.options")
local state = require("rummy.state")
local status = require("rummy.status")

local M = {}

---@class rummy.Question: rummy.DecidedProposal
---@field proposal rummy.Proposal

local queue = {} ---@type rummy.Question[]
local is_asking = false

local asked = {} ---@type table<string, true> what was asked once is not asked again by itself

---@param question rummy.Question
---@return string
local function key(question)
  return table.concat({ question.client_id, question.run, question.path }, "\n")
end

---@param at rummy.DecidedProposal
---@return boolean
local function is_pending(at)
  local run = state.get(at.client_id, at.run)
  return run ~= nil
    and vim.iter(run.proposals):any(function(proposal)
      return proposal.path == at.path
    end)
end

--- Sends a decision, unless it was made elsewhere meanwhile.
---@param at rummy.DecidedProposal
---@param method string
---@param params table
local function decide(at, method, params)
  if not is_pending(at) then
    vim.notify(("rummy %s: it is decided already"):format(at.run), vim.log.levels.WARN)
    return
  end
  params.run, params.path = at.run, at.path
  decisions.send(at.client_id, method, params)
end

---@param at rummy.DecidedProposal
---@param proposal rummy.Proposal
---@param done fun()
local function ask_question(at, proposal, done)
  local function give(answer)
    if answer and vim.trim(answer) ~= "" then
      decide(at, "rummy/answer", { answer = answer })
    end
    done()
  end
  local prompt = ("rummy %s asks: %s"):format(at.run, proposal.question)
  local choices = proposal.options or {}
  if #choices == 0 then
    vim.ui.input({ prompt = prompt .. " " }, give)
    return
  end
  local OTHER = "Another answer…"
  local items = vim.list_extend(vim.deepcopy(choices), { OTHER })
  vim.ui.select(items, { prompt = prompt, kind = "rummy.question" }, function(choice)
    if choice == OTHER then
      vim.ui.input({ prompt = prompt .. " " }, give)
    else
      give(choice)
    end
  end)
end

--- Lets the user change the line before it runs.
---@param at rummy.DecidedProposal
---@param proposal rummy.Proposal
---@param callback? fun()
function M.edit_command(at, proposal, callback)
  vim.ui.input({ prompt = "Run: ", default = proposal.command }, function(line)
    if line and vim.trim(line) ~= "" then
      decide(at, "rummy/accept", { body = line })
    end
    if callback then
      callback()
    end
  end)
end

---@param at rummy.DecidedProposal
---@param _ rummy.Proposal
---@param done fun()
local function reject(at, _, done)
  vim.ui.input({ prompt = "Why not? (the model is told) " }, function(reason)
    reason = vim.trim(reason or "")
    decide(at, "rummy/reject", { reason = reason ~= "" and reason or nil })
    done()
  end)
end

---@class rummy.CommandChoice
---@field label string
---@field act fun(at: rummy.DecidedProposal, proposal: rummy.Proposal, done: fun())

---@type rummy.CommandChoice[]
local CHOICES = {
  {
    label = "Run",
    act = function(at, _, done)
      decide(at, "rummy/accept", {})
      done()
    end,
  },
  {
    label = "Always allow in this workspace",
    act = function(at, proposal, done)
      allowed.add(at.client_id, proposal.command)
      decide(at, "rummy/accept", {})
      done()
    end,
  },
  { label = "Edit…", act = M.edit_command },
  { label = "Reject…", act = reject },
}

---@param at rummy.DecidedProposal
---@param proposal rummy.Proposal
---@param done fun()
local function ask_about_command(at, proposal, done)
  local server = assert(vim.lsp.get_client_by_id(at.client_id))
  local folder = vim.fn.fnamemodify(server.root_dir or server.config.root_dir or "", ":~")
  vim.ui.select(CHOICES, {
    prompt = ("rummy %s wants to run in %s\n  %s\n"):format(at.run, folder, proposal.command),
    kind = "rummy.command",
    format_item = function(choice)
      return choice.label
    end,
  }, function(choice)
    if choice then
      choice.act(at, proposal, done)
    else
      done()
    end
  end)
end

--- Whether the user is free to be asked: in Normal mode, and not within a command.
---@return boolean
local function is_free()
  local mode = vim.api.nvim_get_mode()
  return mode.mode == "n" and not mode.blocking and vim.fn.getcmdwintype() == ""
end

local ask_next ---@type fun()

local function done()
  is_asking = false
  vim.schedule(ask_next)
end

function ask_next()
  if is_asking or #queue == 0 or not is_free() then
    return
  end
  local question = table.remove(queue, 1)
  if not is_pending(question) then
    ask_next()
    return
  end
  -- The prompt may hold the screen as it is.
  vim.cmd.redraw()
  M.put(question, question.proposal)
end

--- Puts a question or a command to the user, whatever was asked before: a prompt that never came back must
--- not hold up this one.
---@param at rummy.DecidedProposal
---@param proposal rummy.Proposal
function M.put(at, proposal)
  is_asking = true
  if proposal.kind == "question" then
    ask_question(at, proposal, done)
  else
    ask_about_command(at, proposal, done)
  end
end

---@param run rummy.Run
---@param proposal rummy.Proposal
local function take(run, proposal)
  local question = {
    client_id = run.client_id,
    run = run.run,
    path = proposal.path,
    proposal = proposal,
  }
  if asked[key(question)] then
    return
  end
  asked[key(question)] = true
  if proposal.kind == "command" and allowed.has(run.client_id, proposal.command) then
    vim.notify(("rummy %s runs: %s"):format(run.run, proposal.command))
    decisions.send(run.client_id, "rummy/accept", { run = run.run, path = proposal.path })
  elseif options.get().ask then
    table.insert(queue, question)
    if not is_free() then
      vim.notify(("rummy %s: %s"):format(run.run, proposal.title))
    end
    vim.schedule(ask_next)
  end
end

local function is_asked_about(proposal)
  return proposal.kind == "question" or proposal.kind == "command"
end

-- Runs of other editors are asked about there, and what is left of earlier runs, when the user says so.
state.listen("proposals", function(run)
  if run.is_mine and status.is_at_work(run) then
    vim.iter(run.proposals):filter(is_asked_about):each(function(proposal)
      take(run, proposal)
    end)
  end
end)

vim.api.nvim_create_autocmd({ "ModeChanged", "CmdwinLeave" }, {
  group = vim.api.nvim_create_augroup("rummy.ask", {}),
  desc = "Ask what waited for the user to be free",
  callback = function()
    if #queue > 0 then
      vim.schedule(ask_next)
    end
  end,
})

---@param run rummy.Run
---@return boolean
function M.has_question(run)
  return vim.iter(run.proposals):any(is_asked_about)
end

--- Answers the first question of a run; without a text the user is asked.
---@param named rummy.Named
---@param text string
function M.answer(named, text)
  local run = state.get(named.client_id, named.run)
  local proposal = run and vim.iter(run.proposals):find(is_asked_about)
  if not proposal then
    vim.notify(("rummy: %s asks nothing"):format(named.run), vim.log.levels.ERROR)
    return
  end
  local at = { client_id = named.client_id, run = named.run, path = proposal.path }
  if text ~= "" and proposal.kind == "question" then
    decide(at, "rummy/answer", { answer = text })
  else
    M.put(at, proposal)
  end
end

return M
