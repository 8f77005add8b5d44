--- What a user says to a model: asked for where it is not given, sent with what is selected.

local client = require("rummy.client")
local state = require("rummy.state")

local M = {}

---@alias rummy.Mode "ask"|"act"

--- What a prompt is asked for with.
local LABELS = { act = "Let Rummy: ", ask = "Ask Rummy: " }

--- The model of the runs that are started from now on, where the user has chosen one.
M.model = nil ---@type string?

--- Calls back with a text. Where none is given, the user is asked for it.
---@param label string
---@param given string
---@param callback fun(text: string)
function M.ask_for(label, given, callback)
  if given ~= "" then
    callback(given)
    return
  end
  vim.ui.input({ prompt = label }, function(text)
    text = vim.trim(text or "")
    if text ~= "" then
      callback(text)
    end
  end)
end

---@param mode rummy.Mode
---@param given string
---@param callback fun(prompt: string)
function M.with(mode, given, callback)
  M.ask_for(LABELS[mode], given, callback)
end

--- Whole lines, as a request has them.
---@param bufnr integer
---@param lines rummy.Lines
---@param server vim.lsp.Client
---@return { uri: lsp.DocumentUri, range: lsp.Range }? selection nil where the server does not know the text
function M.selection(bufnr, lines, server)
  if not vim.lsp.buf_is_attached(bufnr, server.id) or client.of_document(bufnr) then
    return nil
  end
  local text = vim.api.nvim_buf_get_lines(bufnr, lines.last, lines.last + 1, false)[1] or ""
  local encoding = server.offset_encoding
  local width = vim.lsp.util.character_offset(bufnr, lines.last, #text, encoding)
  return {
    uri = vim.uri_from_bufnr(bufnr),
    range = {
      start = { line = lines.first, character = 0 },
      ["end"] = { line = lines.last, character = width },
    },
  }
end

---@param mode rummy.Mode
---@param client_id integer
---@param params table
function M.begin(mode, client_id, params)
  client.request(client_id, "rummy/" .. mode, params, function(result)
    local is_new = not state.get(client_id, result.run)
    state.started(client_id, result)
    vim.notify(("rummy %s: %s"):format(result.run, is_new and "started" or "goes on"))
  end)
end

--- Starts the run of a code action. Those of a selection come without a prompt.
---@param mode rummy.Mode
---@param client_id integer
---@param params table
function M.carry_out(mode, client_id, params)
  M.with(mode, params.prompt or "", function(prompt)
    M.begin(mode, client_id, vim.tbl_extend("force", params, { prompt = prompt }))
  end)
end

--- Calls back with the mode that a run works in.
---@param named rummy.Named
---@param callback fun(mode: rummy.Mode)
function M.with_mode(named, callback)
  client.request(named.client_id, "rummy/getRuns", {}, function(runs)
    local run = vim.iter(runs):find(function(other)
      return other.run == named.run
    end)
    if run then
      callback(run.mode)
    else
      vim.notify("rummy: there is no run " .. named.run, vim.log.levels.ERROR)
    end
  end)
end

--- Says something to a run: it joins the next turn, or starts a loop in the mode that the run had.
---@param named rummy.Named
---@param text string
function M.inject(named, text)
  M.with_mode(named, function(mode)
    local params = { run = named.run, prompt = text, mode = mode }
    client.request(named.client_id, "rummy/inject", params, function(result)
      state.started(named.client_id, result)
      local how = result.injected and "reads it in its next turn" or "goes on"
      vim.notify(("rummy %s: %s"):format(result.run, how))
    end)
  end)
end

return M
