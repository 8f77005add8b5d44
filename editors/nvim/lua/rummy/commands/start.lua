--- Subcommands that say something to a model: they start a run, go on with one, answer it.

local ask = require("rummy.ask")
local client = require("rummy.client")
local prompt = require("rummy.prompt")
local target = require("rummy.target")

---@param mode rummy.Mode
---@return fun(call: rummy.Call)
local function starter(mode)
  return function(call)
    prompt.with(mode, call.text, function(text)
      client.with_server(call.bufnr, function(server)
        local of_document = target.of_document(call.bufnr)
        local selection = call.lines and prompt.selection(call.bufnr, call.lines, server)
        if call.lines and not selection then
          target.complain("lines can be shown to the model of files in the workspace only")
          return
        end
        prompt.begin(mode, server.id, {
          prompt = text,
          run = call.run or of_document and of_document.run,
          model = prompt.model,
          workspace = client.workspace_of(server, call.bufnr),
          selection = selection or nil,
        })
      end)
    end)
  end
end

---@param call rummy.Call
local function fork(call)
  target.with_run(call, target.any, "there is no run to fork", function(named)
    prompt.with_mode(named, function(mode)
      prompt.with(mode, call.text, function(text)
        prompt.begin(mode, named.client_id, {
          prompt = text,
          run = named.run,
          model = prompt.model,
          fork = true,
        })
      end)
    end)
  end)
end

---@param call rummy.Call
local function inject(call)
  target.with_run(call, target.is_at_work, "no run is at work", function(named)
    prompt.ask_for("Say to " .. named.run .. ": ", call.text, function(text)
      prompt.inject(named, text)
    end)
  end)
end

---@type table<string, rummy.Subcommand>
return {
  act = { run = starter("act"), takes_run = true },
  answer = {
    takes_run = true,
    run = function(call)
      target.with_run(call, ask.has_question, "nothing is asked", function(named)
        ask.answer(named, call.text)
      end)
    end,
  },
  ask = { run = starter("ask"), takes_run = true },
  fork = { run = fork, takes_run = true },
  inject = { run = inject, takes_run = true },
}
