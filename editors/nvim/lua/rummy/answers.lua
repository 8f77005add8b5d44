--- What the server leaves to the editor: changing and saving documents, showing a proposal's diff,
--- asking for the prompt of a code action.

local compat = require("rummy.compat")
local lenses = require("rummy.lenses")

local M = {}

--- What is announced to the server.
M.capabilities = { prompt = true, save = true }

---@param bufnr integer
local function save(bufnr)
  if vim.api.nvim_buf_is_loaded(bufnr) and vim.bo[bufnr].modified then
    vim.api.nvim_buf_call(bufnr, function()
      vim.cmd("silent write")
    end)
  end
end

--- Ends the undo steps of the buffers that an edit is about (|undo-break|).
---@param edit lsp.WorkspaceEdit
local function break_undo(edit)
  for _, change in ipairs(edit.documentChanges or {}) do
    local bufnr = change.textDocument and vim.uri_to_bufnr(change.textDocument.uri)
    if bufnr and vim.api.nvim_buf_is_loaded(bufnr) then
      vim.bo[bufnr].undolevels = vim.bo[bufnr].undolevels
    end
  end
end

--- Whether a buffer was changed since the text that an edit was made for. Neovim skips such an edit and
--- says that it was applied; one for version 0, that of a file that was just opened, it applies.
---@param edit lsp.WorkspaceEdit
---@return boolean
local function is_overtaken(edit)
  return vim.iter(edit.documentChanges or {}):any(function(change)
    local document = change.textDocument
    local version = document and document.version
    return type(version) == "number"
      and vim.lsp.util.buf_versions[vim.uri_to_bufnr(document.uri)] > version
  end)
end

---@type table<string, fun(err: any, params: any, context: lsp.HandlerContext): any, lsp.ResponseError?>
M.handlers = {
  -- An accepted change is an undo step of its own, also when it comes while the user types.
  ["workspace/applyEdit"] = function(err, params, context)
    if is_overtaken(params.edit) then
      return { applied = false, failureReason = "the text was changed meanwhile" }
    end
    break_undo(params.edit)
    local answer = vim.lsp.handlers["workspace/applyEdit"](err, params, context)
    break_undo(params.edit)
    return answer
  end,

  -- Documents that had no unsaved change before a proposal was accepted.
  ["rummy/save"] = function(_, params)
    for _, uri in ipairs(params.uris) do
      local saved, why = pcall(save, vim.uri_to_bufnr(uri))
      if not saved then
        local code = vim.lsp.protocol.ErrorCodes.InternalError
        return nil, vim.lsp.rpc_response_error(code, tostring(why))
      end
    end
    return vim.NIL
  end,
}

--- A code action's command that starts a run.
---@param mode rummy.Mode
---@return fun(command: lsp.Command, context: lsp.HandlerContext)
local function starter(mode)
  return function(command, context)
    local params = assert(command.arguments)[1] --[[@as table]]
    -- Not loaded above, as it needs the client, which needs this.
    require("rummy.prompt").carry_out(mode, context.client_id, params)
  end
end

---@type table<string, fun(command: lsp.Command, context: lsp.HandlerContext)>
M.commands = {
  ["rummy.act"] = starter("act"),
  ["rummy.ask"] = starter("ask"),

  -- A lens's. The server would only answer with the texts.
  ["rummy.diff"] = function(command, context)
    -- Neovim has wiped the lenses of the line.
    lenses.refresh(context.client_id)
    local client = assert(vim.lsp.get_client_by_id(context.client_id))
    local params = assert(command.arguments)[1] --[[@as table]]
    compat.request(client, "rummy/diff", params, function(err, result)
      if err then
        vim.notify("rummy: " .. err.message, vim.log.levels.ERROR)
        return
      end
      local lines = vim.split(result.patch, "\n", { trimempty = true })
      vim.lsp.util.open_floating_preview(lines, "diff", { focus_id = "rummy.diff" })
    end)
  end,
}

return M
