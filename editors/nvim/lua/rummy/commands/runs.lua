--- Subcommands about runs as a whole: the list, the view, names and ends.

local client = require("rummy.client")
local names_of = require("rummy.commands.names")
local prompt = require("rummy.prompt")
local state = require("rummy.state")
local status = require("rummy.status")
local target = require("rummy.target")

--- Completes the name of a run.
---@param words string[]
---@param completed rummy.Completed
---@return string[]
local function any_run(words, completed)
  return #words == 0 and names_of.runs(completed.bufnr) or {}
end

--- Completes the name of a run that is at work.
---@param words string[]
---@return string[]
local function run_at_work(words)
  local names = {}
  for _, run in ipairs(#words == 0 and state.runs() or {}) do
    if status.is_at_work(run) then
      table.insert(names, run.run)
    end
  end
  return names
end

--- A call whose text is the run's name.
---@param call rummy.Call
---@return rummy.Call
local function by_text(call)
  if call.text ~= "" then
    call.run = call.text:gsub("^@", "")
  end
  return call
end

---@param run { run: string, status: integer, turn: integer, mode: string, pending: integer, summary: string }
---@return string
local function in_a_line(run)
  local pending = run.pending > 0 and (", %d pending"):format(run.pending) or ""
  local summary = vim.trim((run.summary or ""):gsub("%s+", " "))
  return ("%-24s %s, turn %d, %s%s  %s"):format(
    run.run,
    run.mode,
    run.turn,
    status.name(run.status),
    pending,
    summary
  )
end

---@param call rummy.Call
local function runs(call)
  client.with_server(call.bufnr, function(server)
    local params = { workspace = client.workspace_of(server, call.bufnr) }
    client.request(server.id, "rummy/getRuns", params, function(all)
      if #all == 0 then
        vim.notify("rummy: there is no run in this workspace")
        return
      end
      vim.ui.select(all, {
        prompt = "Run",
        kind = "rummy.run",
        format_item = in_a_line,
      }, function(run)
        if run then
          require("rummy.transcript").open({ client_id = server.id, run = run.run })
        end
      end)
    end)
  end)
end

---@param call rummy.Call
local function abort(call)
  local none = call.text == "" and "no run is at work" or "there is no run " .. call.text
  target.with_run(by_text(call), target.is_at_work, none, function(named)
    client.request(named.client_id, "rummy/abort", { run = named.run })
  end)
end

---@param call rummy.Call
local function log(call)
  target.with_run(by_text(call), target.any, "there is no run", function(named)
    require("rummy.transcript").open(named)
  end)
end

---@param call rummy.Call
local function rename(call)
  target.with_run(call, target.any, "there is no run", function(named)
    prompt.ask_for(("New name of %s: "):format(named.run), call.text, function(name)
      local params = { run = named.run, name = name }
      client.request(named.client_id, "rummy/rename", params, function(result)
        state.renamed(named.client_id, named.run, result.run)
        require("rummy.transcript").renamed(named, result.run)
        vim.notify(("rummy: %s is %s now"):format(named.run, result.run))
      end)
    end)
  end)
end

---@param named rummy.Named
local function delete_now(named)
  client.request(named.client_id, "rummy/deleteRun", { run = named.run }, function()
    state.gone(named.client_id, named.run)
    vim.notify(("rummy: %s is deleted"):format(named.run))
  end)
end

---@param call rummy.Call
local function delete(call)
  if call.text == "" and not target.of_document(call.bufnr) then
    target.complain("name the run that is to be deleted")
    return
  end
  target.with_run(by_text(call), target.any, "there is no run " .. call.text, function(named)
    if call.bang then
      delete_now(named)
      return
    end
    local question = ("Delete the run %s and what only it shows?"):format(named.run)
    vim.ui.select({ "Delete", "Keep" }, { prompt = question }, function(choice)
      if choice == "Delete" then
        delete_now(named)
      end
    end)
  end)
end

---@type table<string, rummy.Subcommand>
return {
  abort = { run = abort, complete = run_at_work },
  delete = { run = delete, complete = any_run },
  log = { run = log, complete = any_run },
  output = {
    run = function(call)
      by_text(call)
      local of_document = target.of_document(call.bufnr)
      require("rummy.output").open(call.run or of_document and of_document.run)
    end,
    complete = any_run,
  },
  rename = { run = rename, takes_run = true },
  restart = {
    run = function(call)
      client.restart(call.bufnr)
    end,
  },
  runs = { run = runs },
}
