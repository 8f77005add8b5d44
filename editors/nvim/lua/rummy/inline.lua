--- Keeps what is drawn of the pending changes in step with the servers and the text. While the user
--- types, Neovim moves the marks with the text, and a server lags behind: its word on where a change is
--- counts once the text has been left alone for a moment. So nothing jumps to and fro.

local changes = require("rummy.changes")
local marks = require("rummy.marks")
local options = require("rummy.options")
local state = require("rummy.state")
local virtual = require("rummy.virtual")

local M = {}

--- A server knows of an edit by then: Neovim tells of it after 150 ms, the server answers within 100.
local SETTLED_MS = 400

---@class rummy.Sheet what is drawn in a buffer
---@field drawn table<string, rummy.Drawn> by the change's key
---@field edited_at integer when the text was changed last
---@field is_settling boolean whether it is looked at again once it is settled
---@field offsets table<integer, integer> what stood beside the text before it had signs, by window

local sheets = {} ---@type table<integer, rummy.Sheet> by buffer

---@param bufnr integer
---@param sheet rummy.Sheet
---@return boolean
local function is_settled(bufnr, sheet)
  local age = vim.uv.now() - sheet.edited_at
  if age >= SETTLED_MS then
    return true
  end
  if not sheet.is_settling then
    sheet.is_settling = true
    vim.defer_fn(function()
      sheet.is_settling = false
      M.update(bufnr)
    end, SETTLED_MS - age)
  end
  return false
end

---@param bufnr integer
---@return rummy.Sheet
local function sheet_of(bufnr)
  local sheet = sheets[bufnr]
  if sheet then
    return sheet
  end
  sheet = {
    drawn = {},
    edited_at = -SETTLED_MS,
    is_settling = false,
    offsets = virtual.offsets_without_signs(bufnr),
  }
  sheets[bufnr] = sheet
  vim.api.nvim_buf_attach(bufnr, false, {
    on_lines = function()
      sheet.edited_at = vim.uv.now()
      -- Nothing is left to follow.
      return sheets[bufnr] ~= sheet
    end,
    on_reload = function()
      vim.schedule(function()
        M.update(bufnr)
      end)
    end,
    on_detach = function()
      if sheets[bufnr] == sheet then
        sheets[bufnr] = nil
      end
    end,
  })
  return sheet
end

--- Virtual lines would shift the lines of a diff against each other.
---@param bufnr integer
---@return boolean
local function is_in_diff(bufnr)
  return vim.iter(vim.fn.win_findbuf(bufnr)):any(function(window)
    return vim.wo[window].diff
  end)
end

--- Where a change is to be drawn, or nil if what is drawn of it stays as it is.
---@param canvas rummy.Canvas
---@param sheet rummy.Sheet
---@param change rummy.Change
---@return integer?
local function row_to_draw(canvas, sheet, change)
  local drawn = sheet.drawn[change.key]
  local first = drawn and marks.rows(canvas.bufnr, drawn)
  if not first then
    return change.row
  end
  local row = drawn.is_behind and first + 1 or first
  if change.is_in_conflict then
    -- A server says where it was made for; here is what has become of that place.
    change.row = row
  elseif row ~= change.row and not is_settled(canvas.bufnr, sheet) then
    -- The server has yet to see what moved it.
    change.row = row
    change.fits = changes.fits_at(canvas.bufnr, change, row)
    if not change.fits then
      return nil
    end
  end
  local looks_same = drawn.signature == marks.signature(canvas, change)
  if looks_same and row == change.row then
    drawn.change = change
    return nil
  end
  return change.row
end

--- Draws what is new or looks another way, and erases what is gone.
---@param bufnr integer
function M.update(bufnr)
  if not vim.api.nvim_buf_is_loaded(bufnr) then
    sheets[bufnr] = nil
    return
  end
  local pending = changes.of_buffer(bufnr)
  if #pending == 0 and not sheets[bufnr] then
    return
  end
  local sheet = sheet_of(bufnr)
  local canvas = {
    bufnr = bufnr,
    layout = virtual.layout(bufnr, options.get().show.signs and sheet.offsets or {}),
    is_inline = options.get().show.inline and not is_in_diff(bufnr),
  }
  local is_there = {} ---@type table<string, boolean>
  for _, change in ipairs(pending) do
    -- What has neither its lines nor a conflict is something that the server has yet to see.
    local is_known = change.fits or change.is_in_conflict
    if is_known or sheet.drawn[change.key] and not is_settled(bufnr, sheet) then
      is_there[change.key] = true
      local row = row_to_draw(canvas, sheet, change)
      if row then
        if sheet.drawn[change.key] then
          marks.erase(bufnr, sheet.drawn[change.key])
        end
        sheet.drawn[change.key] = marks.draw(canvas, change, row)
      end
    end
  end
  for key, drawn in pairs(sheet.drawn) do
    if not is_there[key] then
      marks.erase(bufnr, drawn)
      sheet.drawn[key] = nil
    end
  end
  if next(sheet.drawn) == nil then
    -- Whatever an edit of the buffer has done to the marks.
    vim.api.nvim_buf_clear_namespace(bufnr, marks.namespace, 0, -1)
    sheets[bufnr] = nil
  end
end

---@class rummy.Standing a change and the lines that it is on, from 0
---@field change rummy.Change
---@field first integer
---@field last integer

--- The changes of a buffer, from top to bottom.
---@param bufnr integer
---@return rummy.Standing[]
function M.standing(bufnr)
  M.update(bufnr)
  local found = {} ---@type rummy.Standing[]
  for _, drawn in pairs(sheets[bufnr] and sheets[bufnr].drawn or {}) do
    local first, last = marks.rows(bufnr, drawn)
    if first and last then
      table.insert(found, { change = drawn.change, first = first, last = last })
    end
  end
  table.sort(found, function(a, b)
    if a.first ~= b.first then
      return a.first < b.first
    end
    return a.change.run.order > b.change.run.order
  end)
  return found
end

--- The change on a line; that of the newest run, where several want to change it.
---@param bufnr integer
---@param line integer from 0
---@return rummy.Change?
function M.at(bufnr, line)
  local best ---@type rummy.Change?
  for _, standing in ipairs(M.standing(bufnr)) do
    local is_here = standing.first <= line and line <= standing.last
    if is_here and (not best or standing.change.run.order > best.run.order) then
      best = standing.change
    end
  end
  return best
end

local is_scheduled = false

--- Looks at all buffers that have something drawn or could have. Calls of one moment become one.
local function update_soon()
  if is_scheduled then
    return
  end
  is_scheduled = true
  vim.schedule(function()
    is_scheduled = false
    local buffers = {} ---@type table<integer, true>
    for bufnr in pairs(sheets) do
      buffers[bufnr] = true
    end
    for _, client in ipairs(vim.lsp.get_clients({ name = "rummy" })) do
      for bufnr in pairs(client.attached_buffers) do
        buffers[bufnr] = true
      end
    end
    for bufnr in pairs(buffers) do
      M.update(bufnr)
    end
  end)
end

--- Looks again at everything that is drawn, where the windows or options have changed.
function M.refresh()
  if next(sheets) or next(state.runs()) then
    update_soon()
  end
end

state.listen("proposals", update_soon)

local group = vim.api.nvim_create_augroup("rummy.inline", {})

vim.api.nvim_create_autocmd(
  { "LspAttach", "BufWinEnter", "WinClosed", "WinResized", "VimResized" },
  { group = group, desc = "Draw rummy's changes as the windows need it", callback = M.refresh }
)

vim.api.nvim_create_autocmd("OptionSet", {
  group = group,
  pattern = "diff,wrap,tabstop,number,relativenumber,numberwidth,signcolumn,foldcolumn",
  desc = "Draw rummy's changes as the options need it",
  callback = M.refresh,
})

vim.api.nvim_create_autocmd("WinScrolled", {
  group = group,
  desc = "Show what is added above the first line, when that comes into view from below",
  callback = function()
    for window, moved in pairs(vim.v.event) do
      local id = tonumber(window)
      local bufnr = id and moved.topline < 0 and vim.api.nvim_win_get_buf(id)
      for _, drawn in pairs(bufnr and sheets[bufnr] and sheets[bufnr].drawn or {}) do
        if drawn.above > 0 and marks.rows(bufnr, drawn) == 0 then
          marks.reveal(bufnr, 0, drawn.above)
        end
      end
    end
  end,
})

return M
