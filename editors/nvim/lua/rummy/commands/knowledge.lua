--- Subcommands about what a run knows and works with: entries, constraints, model, persona, skills.

local client = require("rummy.client")
local documents = require("rummy.documents")
local names = require("rummy.commands.names")
local prompt = require("rummy.prompt")
local state = require("rummy.state")
local target = require("rummy.target")

---@param method string
---@param name fun(item: any): string
---@return fun(words: string[], completed: rummy.Completed): string[]
local function names_of(method, name)
  return function(words, completed)
    return #words == 0 and vim.tbl_map(name, names.listed(completed.bufnr, method)) or {}
  end
end

local function itself(item)
  return item
end

--- Lets the user choose one of what a server lists, unless it is named.
---@param client_id integer
---@param given string
---@param method string
---@param label string
---@param name fun(item: any): string
---@param callback fun(name: string)
local function choose(client_id, given, method, label, name, callback)
  if given ~= "" then
    callback(given)
    return
  end
  client.request(client_id, method, {}, function(all)
    if #all == 0 then
      vim.notify(("rummy: there is no %s"):format(label:lower()))
      return
    end
    vim.ui.select(all, { prompt = label, format_item = name }, function(item)
      if item then
        callback(name(item))
      end
    end)
  end)
end

local function alias(model)
  return model.alias
end

local function skill_name(skill)
  return skill.name
end

--- Sets the model of a run, or of those that are started from now on.
---@param call rummy.Call
local function model(call)
  client.with_server(call.bufnr, function(server)
    choose(server.id, call.text, "rummy/getModels", "Model", alias, function(name)
      local of_document = target.of_document(call.bufnr)
      local run = call.run or of_document and of_document.run
      if not run then
        prompt.model = name
        vim.notify(("rummy: runs that are started from now on use %s"):format(name))
        return
      end
      client.request(server.id, "rummy/config", { run = run, model = name }, function()
        vim.notify(("rummy %s: uses %s from its next prompt on"):format(run, name))
      end)
    end)
  end)
end

---@param call rummy.Call
local function persona(call)
  target.with_run(call, target.any, "there is no run", function(named)
    local id = named.client_id
    choose(id, call.text, "rummy/listPersonas", "Persona", itself, function(name)
      client.request(id, "rummy/persona/set", { run = named.run, name = name }, function()
        vim.notify(("rummy %s: is %s from its next prompt on"):format(named.run, name))
      end)
    end)
  end)
end

---@param call rummy.Call
local function skill(call)
  target.with_run(call, target.any, "there is no run", function(named)
    local id = named.client_id
    local method = call.bang and "rummy/skill/remove" or "rummy/skill/add"
    choose(id, call.text, "rummy/listSkills", "Skill", skill_name, function(name)
      client.request(id, method, { run = named.run, name = name }, function()
        local what = call.bang and "has %s no more" or "has %s"
        vim.notify(("rummy %s: " .. what):format(named.run, name))
      end)
    end)
  end)
end

---@param entry { path: string, state: string, visibility: string, tokens: integer }
---@return string
local function in_a_line(entry)
  local path = entry.path
  return ("%-48s %s, %s, %d tokens"):format(path, entry.visibility, entry.state, entry.tokens)
end

--- Opens an entry, or lets the user choose one of those that a pattern names.
---@param call rummy.Call
local function entries(call)
  target.with_run(call, target.any, "there is no run", function(named)
    local params = { run = named.run, pattern = call.text ~= "" and call.text or nil }
    client.request(named.client_id, "rummy/getEntries", params, function(all)
      local function open(entry)
        if entry then
          documents.open(documents.uri(named.run, entry.path), named.client_id)
        end
      end
      if #all == 0 then
        vim.notify(("rummy %s: there is no entry %s"):format(named.run, call.text))
      elseif #all == 1 then
        open(all[1])
      else
        vim.ui.select(all, {
          prompt = "Entries of " .. named.run,
          kind = "rummy.entry",
          format_item = in_a_line,
        }, open)
      end
    end)
  end)
end

--- The paths of the entries of the run that a command line would be about.
---@param words string[]
---@param completed rummy.Completed
---@return string[]
local function complete_entries(words, completed)
  local run = completed.run or (target.of_document(completed.bufnr) or {}).run
  if not run then
    local newest = state.newest(target.any)
    run = newest and newest.run
  end
  if #words > 0 or not run then
    return {}
  end
  return vim.tbl_map(function(entry)
    return entry.path
  end, names.listed(completed.bufnr, "rummy/getEntries", { run = run }))
end

local VISIBILITIES = { "active", "readonly", "ignore", "drop" }

---@param server vim.lsp.Client
---@param workspace? lsp.URI
local function list_constraints(server, workspace)
  client.request(server.id, "rummy/getConstraints", { workspace = workspace }, function(all)
    if #all == 0 then
      vim.notify("rummy: no constraint is set in this workspace")
      return
    end
    local lines = vim.tbl_map(function(one)
      return ("%-10s %s"):format(one.visibility, one.pattern)
    end, all)
    vim.notify("rummy constraints:\n" .. table.concat(lines, "\n"))
  end)
end

--- `constraint PATTERN VISIBILITY`; without anything they are listed.
---@param call rummy.Call
local function constraint(call)
  client.with_server(call.bufnr, function(server)
    local workspace = client.workspace_of(server, call.bufnr)
    if call.text == "" then
      list_constraints(server, workspace)
      return
    end
    local pattern, visibility = call.text:match("^(.-)%s+(%S+)$")
    if not pattern or not vim.list_contains(VISIBILITIES, visibility) then
      target.complain((":Rummy constraint PATTERN %s"):format(table.concat(VISIBILITIES, "|")))
      return
    end
    local params = { pattern = pattern, workspace = workspace }
    local method = "rummy/file/drop"
    if visibility ~= "drop" then
      method, params.visibility = "rummy/file/constraint", visibility
    end
    client.request(server.id, method, params, function(result)
      vim.notify(
        ("rummy: %s is %s"):format(result.pattern, visibility == "drop" and "free" or visibility)
      )
    end)
  end)
end

--- Says whether what the workspace brings in `.rummy/` is used; with a bang it is not.
---@param call rummy.Call
local function trust(call)
  client.with_server(call.bufnr, function(server)
    local workspace = client.workspace_of(server, call.bufnr)
    local params = { workspace = workspace, trusted = not call.bang }
    client.request(server.id, "rummy/trust", params, function()
      local how = call.bang and "is not used" or "is used"
      vim.notify(("rummy: what this workspace brings in .rummy/ %s"):format(how))
    end)
  end)
end

---@type table<string, rummy.Subcommand>
return {
  constraint = {
    run = constraint,
    complete = function(words, completed)
      if #words == 0 then
        return vim.fn.getcompletion(completed.lead, "file")
      end
      return #words == 1 and VISIBILITIES or {}
    end,
  },
  entries = { run = entries, takes_run = true, complete = complete_entries },
  model = { run = model, takes_run = true, complete = names_of("rummy/getModels", alias) },
  persona = { run = persona, takes_run = true, complete = names_of("rummy/listPersonas", itself) },
  skill = { run = skill, takes_run = true, complete = names_of("rummy/listSkills", skill_name) },
  trust = { run = trust },
}
