--- A run as it goes: the server's transcript with what the model is writing right now behind it, in a
--- window that follows the end, and a line below it to say something to the run.

local client = require("rummy.client")
local documents = require("rummy.documents")
local state = require("rummy.state")
local status = require("rummy.status")

local M = {}

--- The least time between two looks at the transcript.
local PAUSE_MS = 200

---@class rummy.Transcript
---@field bufnr integer
---@field client_id integer
---@field run string
---@field count integer how many lines the server's text has
---@field is_asking boolean
---@field is_due boolean whether there are news since it was asked for
---@field input? integer the buffer of the line below

local views = {} ---@type table<integer, rummy.Transcript> by buffer

--- Whether the windows of a buffer are at its end, and so have to stay there.
---@param bufnr integer
---@return integer[] windows
local function at_the_end(bufnr)
  local last = vim.api.nvim_buf_line_count(bufnr)
  return vim.tbl_filter(function(window)
    return vim.api.nvim_win_get_cursor(window)[1] >= last
  end, vim.fn.win_findbuf(bufnr))
end

---@param bufnr integer
---@param change fun()
local function keeping_the_end(bufnr, change)
  local windows = at_the_end(bufnr)
  change()
  for _, window in ipairs(windows) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(bufnr), 0 })
  end
end

--- What the model writes in this turn, as far as the server's text does not have it yet.
---@param run rummy.Run?
---@return string[]
local function tail(run)
  local is_writing = run
    and run.status == 102
    and (run.activity == "streaming" or run.activity == "thinking")
  if not run or not is_writing or (run.answer == "" and run.reasoning == "") then
    return {}
  end
  local lines = { "", ("*turn %d, %s …*"):format(run.turn, run.activity), "" }
  if run.reasoning ~= "" and run.answer == "" then
    for _, line in ipairs(documents.lines(run.reasoning)) do
      table.insert(lines, "> " .. line)
    end
  else
    vim.list_extend(lines, documents.lines(run.answer))
  end
  return lines
end

---@param view rummy.Transcript
---@param lines string[] what comes behind the server's text
local function set_tail(view, lines)
  keeping_the_end(view.bufnr, function()
    vim.bo[view.bufnr].modifiable = true
    vim.api.nvim_buf_set_lines(view.bufnr, view.count, -1, false, lines)
    vim.bo[view.bufnr].modifiable = false
    vim.bo[view.bufnr].modified = false
  end)
end

---@param view rummy.Transcript
---@param text string
local function set_text(view, text)
  local lines = documents.lines(text)
  local behind = tail(state.get(view.client_id, view.run))
  keeping_the_end(view.bufnr, function()
    view.count = #lines
    documents.set_lines(view.bufnr, vim.list_extend(lines, behind))
    vim.bo[view.bufnr].modified = false
  end)
end

---@param view rummy.Transcript
local function ask(view)
  if view.is_asking then
    view.is_due = true
    return
  end
  view.is_asking, view.is_due = true, false
  local function rest()
    vim.defer_fn(function()
      view.is_asking = false
      if view.is_due and views[view.bufnr] == view then
        ask(view)
      end
    end, PAUSE_MS)
  end
  documents.fetch(view.client_id, documents.uri(view.run), function(text)
    if vim.api.nvim_buf_is_loaded(view.bufnr) then
      set_text(view, text)
    end
    rest()
  end, function(message)
    if vim.api.nvim_buf_is_loaded(view.bufnr) then
      set_text(view, message)
    end
    rest()
  end)
end

---@param bufnr integer
local function set_options(bufnr)
  vim.bo[bufnr].buftype = "nofile"
  vim.bo[bufnr].bufhidden = "hide"
  vim.bo[bufnr].swapfile = false
  vim.bo[bufnr].undolevels = -1
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].filetype = "rummy"
end

--- Makes a buffer show a run from now on.
---@param bufnr integer
---@param client_id integer
---@param run string
function M.take(bufnr, client_id, run)
  local view = views[bufnr]
  if not view then
    view = { bufnr = bufnr, count = 0, is_asking = false, is_due = false }
    views[bufnr] = view
    vim.api.nvim_create_autocmd({ "BufUnload", "BufWipeout" }, {
      buffer = bufnr,
      desc = "End the view of a run",
      callback = function()
        views[bufnr] = nil
        if view.input and vim.api.nvim_buf_is_valid(view.input) then
          vim.schedule(function()
            vim.api.nvim_buf_delete(view.input, { force = true })
          end)
        end
      end,
    })
    set_options(bufnr)
    documents.map(bufnr)
    for _, lhs in ipairs({ "i", "a", "o" }) do
      vim.keymap.set("n", lhs, function()
        M.focus_input(bufnr)
      end, { buffer = bufnr, desc = "Say something to the run" })
    end
  end
  view.client_id, view.run = client_id, run
  ask(view)
end

--- Opens a window below the view, to write to the run in.
---@param view rummy.Transcript
local function open_input(view)
  if not view.input or not vim.api.nvim_buf_is_valid(view.input) then
    view.input = vim.api.nvim_create_buf(false, true)
    vim.bo[view.input].buftype = "prompt"
    vim.bo[view.input].bufhidden = "hide"
    vim.bo[view.input].filetype = "rummy-input"
    client.set_document(view.input, assert(vim.lsp.get_client_by_id(view.client_id)))
    vim.b[view.input].rummy_run = view.run
    vim.fn.prompt_setprompt(view.input, "› ")
    vim.fn.prompt_setcallback(view.input, function(text)
      if vim.trim(text) ~= "" then
        require("rummy.prompt").inject({ client_id = view.client_id, run = view.run }, text)
      end
    end)
  end
  vim.cmd("belowright sbuffer " .. view.input)
  vim.api.nvim_win_set_height(0, 2)
  vim.wo[0][0].winfixheight = true
  vim.wo[0][0].number = false
  vim.wo[0][0].relativenumber = false
  vim.wo[0][0].signcolumn = "no"
  vim.wo[0][0].winbar = "%#RummyLabel#i: say something to the run"
end

--- Goes to the line below a view, and begins to write.
---@param bufnr integer
function M.focus_input(bufnr)
  local view = views[bufnr]
  local window = view.input and vim.fn.bufwinid(view.input) or -1
  if window == -1 then
    open_input(view)
  else
    vim.api.nvim_set_current_win(window)
  end
  vim.cmd("startinsert!")
end

--- The heading of a view's window.
---@return string
function M.bar()
  local window = vim.g.statusline_winid or 0
  local view = views[vim.api.nvim_win_get_buf(window)]
  local run = view and state.get(view.client_id, view.run)
  local text = run and status.line(run) or view and "rummy " .. view.run or ""
  local width = vim.api.nvim_win_get_width(window)
  if vim.api.nvim_strwidth(text) > width then
    text = vim.fn.strcharpart(text, 0, width - 1) .. "…"
  end
  return (text:gsub("%%", "%%%%"))
end

--- How deep a line of a transcript is folded: a fold is a turn.
---@param lnum integer
---@return string
function M.fold(lnum)
  return vim.fn.getline(lnum):find("^## Turn %d") and ">1" or "="
end

--- The proposal whose part of a transcript a line is in, where it still waits.
---@param call rummy.Call
---@return rummy.DecidedProposal?
function M.at(call)
  local view = views[call.bufnr]
  if not view then
    return nil
  end
  local lines = vim.api.nvim_buf_get_lines(call.bufnr, 0, call.line + 2, false)
  for number = #lines, 1, -1 do
    -- The path stands below the heading of its part.
    local path = lines[number]:match("^`(log://%S+)`$")
    local run = path and state.get(view.client_id, view.run)
    if run then
      for _, proposal in ipairs(run.proposals) do
        if proposal.path == path then
          return { client_id = view.client_id, run = view.run, path = path }
        end
      end
      return nil
    elseif lines[number]:find("^## Turn %d") then
      return nil
    end
  end
end

--- Shows a run in a window of its own, at its end.
---@param named rummy.Named
function M.open(named)
  local bufnr = documents.buffer(documents.uri(named.run), named.client_id)
  local window = vim.fn.bufwinid(bufnr)
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
    return
  end
  vim.cmd("botright vsplit")
  window = vim.api.nvim_get_current_win()
  vim.api.nvim_win_set_buf(window, bufnr)
  local own = vim.wo[window][0]
  -- A split takes over what the window beside it has.
  own.diff, own.scrollbind, own.cursorbind = false, false, false
  own.wrap, own.linebreak, own.breakindent = true, true, true
  own.number, own.relativenumber, own.signcolumn = false, false, "no"
  own.foldmethod, own.foldexpr = "expr", "v:lua.require'rummy.transcript'.fold(v:lnum)"
  own.foldlevel = 99
  own.winbar = "%{%v:lua.require'rummy.transcript'.bar()%}"
  local view = views[bufnr]
  if view then
    open_input(view)
    vim.api.nvim_set_current_win(window)
  end
end

--- Shows a run that has got another name under that.
---@param named rummy.Named
---@param name string
function M.renamed(named, name)
  for bufnr, view in pairs(views) do
    if view.client_id == named.client_id and view.run == named.run then
      vim.api.nvim_buf_set_name(bufnr, documents.uri(name))
      vim.b[bufnr].rummy_run = name
      view.run = name
      ask(view)
    end
  end
end

---@param run rummy.Run
---@param act fun(view: rummy.Transcript)
local function each_view(run, act)
  for bufnr, view in pairs(views) do
    if view.run == run.run and vim.api.nvim_buf_is_loaded(bufnr) then
      local server = client.of_document(bufnr)
      if server and server.id == run.client_id then
        if view.client_id ~= server.id then
          -- What the server before was asked it will not answer any more.
          view.client_id, view.is_asking = server.id, false
        end
        act(view)
      end
    end
  end
end

state.listen("text", function(run)
  each_view(run, function(view)
    -- What is not seen is caught up with when it is.
    if #vim.fn.win_findbuf(view.bufnr) > 0 then
      set_tail(view, tail(run))
    end
  end)
end)

for _, topic in ipairs({ "history", "proposals" }) do
  state.listen(topic, function(run)
    each_view(run, ask)
  end)
end

local last_status = {} ---@type table<rummy.Run, integer?>

state.listen("state", function(run)
  each_view(run, function(view)
    if last_status[run] ~= run.status then
      last_status[run] = run.status
      ask(view)
    end
    vim.cmd.redrawstatus()
  end)
end)

return M
