--- A proposal beside the file that it is about, in a tab page of its own. The right side can be edited;
--- writing it accepts the proposal as it stands there.

local changes = require("rummy.changes")
local client = require("rummy.client")
local documents = require("rummy.documents")
local state = require("rummy.state")
local target = require("rummy.target")

local M = {}

---@class rummy.DiffView
---@field decided rummy.DecidedProposal
---@field tab integer
---@field file integer the buffer on the left
---@field proposed integer that on the right

local views = {} ---@type rummy.DiffView[]

--- What of a proposal is a side of a diff.
local HAS_SIDES = { edit = true, create = true, delete = true }

--- The hunk of a proposal on a line of its after-text.
---@param proposal rummy.Proposal
---@param bufnr integer
---@param line integer from 0
---@return rummy.Hunk?
local function hunk_on(proposal, bufnr, line)
  local shift = 0
  for _, hunk in ipairs(proposal.hunks) do
    local added = #changes.lines_of(hunk.added, bufnr)
    local removed = #changes.lines_of(hunk.removed, bufnr)
    local first = hunk.range.start.line + shift
    if first <= line and line < first + math.max(added, 1) then
      return hunk
    end
    shift = shift + added - removed
  end
end

--- What a line of a proposal's after-text is about, where the call's buffer is one: its hunk, or, for
--- several lines, the proposal.
---@param call rummy.Call
---@return rummy.DecidedProposal?
function M.at(call)
  local document = documents.parse(vim.api.nvim_buf_get_name(call.bufnr))
  local server = document and document.proposal and client.of_document(call.bufnr)
  if not document or not server then
    return nil
  end
  local decided = { client_id = server.id, run = document.run, path = document.proposal }
  local proposal = target.proposal(decided)
  if call.lines and call.lines.first < call.lines.last or not proposal then
    return decided
  end
  local hunk = hunk_on(proposal, call.bufnr, call.line)
  decided.hunks = hunk and { hunk.id }
  return hunk and decided
end

--- Shows what has no sides, or only says what it would do.
---@param proposal rummy.Proposal
local function preview(proposal)
  local text = proposal.command or proposal.patch
  if not text or text == "" then
    text = proposal.title
  end
  local syntax = proposal.command and "sh" or "diff"
  vim.lsp.util.open_floating_preview(documents.lines(text), syntax, { focus_id = "rummy.diff" })
end

---@param view rummy.DiffView
local function unmap(view)
  if vim.api.nvim_buf_is_valid(view.file) then
    -- It may have been taken away already.
    pcall(vim.keymap.del, "n", "do", { buffer = view.file })
  end
end

--- Leaves nothing of a view but the file.
---@param view rummy.DiffView
local function close(view)
  views = vim.tbl_filter(function(other)
    return other ~= view
  end, views)
  unmap(view)
  if vim.api.nvim_buf_is_valid(view.proposed) then
    -- Its window closes with it.
    vim.api.nvim_buf_delete(view.proposed, { force = true })
  end
  if vim.api.nvim_tabpage_is_valid(view.tab) then
    local windows = vim.api.nvim_tabpage_list_wins(view.tab)
    for _, window in ipairs(windows) do
      if vim.api.nvim_win_get_buf(window) == view.file then
        vim.api.nvim_win_call(window, vim.cmd.diffoff)
      end
    end
    local is_used_up = #windows == 1 and vim.api.nvim_win_get_buf(windows[1]) == view.file
    if is_used_up and #vim.api.nvim_list_tabpages() > 1 then
      vim.cmd.tabclose(vim.api.nvim_tabpage_get_number(view.tab))
    end
  end
  require("rummy.inline").refresh()
end

---@param lhs string
---@param bufnr integer
local function map_accept(lhs, bufnr)
  vim.keymap.set("n", lhs, function()
    if lhs == "dp" and vim.bo[bufnr].modified then
      vim.cmd.diffput()
      return
    end
    vim.cmd("Rummy accept")
  end, { buffer = bufnr, desc = "Accept the change under the cursor" })
end

--- The buffer of the file, or an empty one for a file that is not there yet.
---@param proposal rummy.Proposal
---@return integer
local function file_buffer(proposal)
  local file = vim.uri_to_fname(proposal.uri)
  if vim.uv.fs_stat(file) or vim.fn.bufloaded(file) == 1 then
    local bufnr = vim.fn.bufadd(file)
    vim.bo[bufnr].buflisted = true
    return bufnr
  end
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.bo[bufnr].bufhidden = "wipe"
  vim.bo[bufnr].modifiable = false
  return bufnr
end

--- Puts a window's cursor on the change that was meant, else on the first.
---@param window integer
---@param proposal rummy.Proposal
---@param decided rummy.DecidedProposal
local function go_to_change(window, proposal, decided)
  local id = decided.hunks and decided.hunks[1]
  local hunk = vim.iter(proposal.hunks):find(function(other)
    return not id or other.id == id
  end)
  if hunk then
    local last = vim.api.nvim_buf_line_count(vim.api.nvim_win_get_buf(window))
    vim.api.nvim_win_set_cursor(window, { math.min(hunk.range.start.line + 1, last), 0 })
  end
end

---@param decided rummy.DecidedProposal
---@param side "left"|"right"
local function show(decided, side)
  local proposal = target.proposal(decided)
  if not proposal then
    target.complain("it is not pending any more")
    return
  end
  if not HAS_SIDES[proposal.kind] then
    preview(proposal)
    return
  end
  for _, view in ipairs(views) do
    if view.decided.path == decided.path and view.decided.run == decided.run then
      vim.api.nvim_set_current_tabpage(view.tab)
      return
    end
  end
  local file = file_buffer(proposal)
  -- Not `:sbuffer`, which may go to a window that is there ('switchbuf').
  vim.cmd("tab split")
  local left = vim.api.nvim_get_current_win()
  vim.api.nvim_win_set_buf(left, file)
  go_to_change(left, proposal, decided)
  vim.cmd("rightbelow vsplit")
  local uri = documents.diff_uri(decided.run, decided.path)
  local proposed = documents.buffer(uri, decided.client_id)
  vim.api.nvim_win_set_buf(0, proposed)
  vim.bo[proposed].bufhidden = "wipe"
  vim.cmd.diffthis()
  vim.api.nvim_win_call(left, vim.cmd.diffthis)
  table.insert(views, {
    decided = decided,
    tab = vim.api.nvim_get_current_tabpage(),
    file = file,
    proposed = proposed,
  })
  map_accept("do", file)
  map_accept("dp", proposed)
  if side == "left" then
    vim.api.nvim_set_current_win(left)
  end
end

--- Opens a proposal beside its file.
---@param decided rummy.DecidedProposal
function M.open(decided)
  show(decided, "left")
end

--- Lets the user change a proposal before accepting it.
---@param decided rummy.DecidedProposal
function M.edit(decided)
  local proposal = target.proposal(decided)
  if proposal and proposal.kind == "command" then
    require("rummy.ask").edit_command(decided, proposal)
  elseif proposal and proposal.kind == "question" then
    require("rummy.ask").answer(decided, "")
  else
    show(decided, "right")
  end
end

--- Shows what has become of a proposal since: it moves with the text, or it is decided.
---@param view rummy.DiffView
local function follow(view)
  if not target.proposal(view.decided) then
    if not vim.bo[view.proposed].modified then
      close(view)
    end
    return
  end
  if vim.bo[view.proposed].modified then
    return
  end
  local uri = documents.diff_uri(view.decided.run, view.decided.path)
  documents.fetch(view.decided.client_id, uri, function(text)
    if vim.api.nvim_buf_is_loaded(view.proposed) and not vim.bo[view.proposed].modified then
      documents.set_lines(view.proposed, documents.lines(text))
    end
  end, function()
    -- It was decided meanwhile: the next news says so.
  end)
end

local is_due = false

local function follow_soon()
  if #views == 0 or is_due then
    return
  end
  is_due = true
  vim.schedule(function()
    is_due = false
    for _, view in ipairs(views) do
      if vim.api.nvim_buf_is_valid(view.proposed) then
        follow(view)
      end
    end
  end)
end

state.listen("proposals", follow_soon)

--- Accepts a proposal with another text. Returns why it could not be, if so.
---@param server vim.lsp.Client
---@param document rummy.Document
---@param text string
---@return string? why
function M.accept_edited(server, document, text)
  local params = { run = document.run, path = document.proposal, body = text }
  local result, why = client.request_sync(server, "rummy/accept", params)
  if result and result.failed[1] then
    return result.failed[1].reason
  end
  -- The view ends once the buffer counts as written.
  follow_soon()
  return why
end

vim.api.nvim_create_autocmd("BufWipeout", {
  group = vim.api.nvim_create_augroup("rummy.diff", {}),
  pattern = "rummy:/*",
  desc = "End the diff whose one side is closed",
  callback = function(event)
    for _, view in ipairs(views) do
      if view.proposed == event.buf then
        vim.schedule(function()
          close(view)
        end)
      end
    end
  end,
})

return M
