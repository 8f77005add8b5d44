--- Draws one change into a buffer: a sign, the removed lines highlighted, the added ones as virtual
--- lines, the words that differ, a label. When something is drawn is `rummy.inline`'s.

local options = require("rummy.options")
local virtual = require("rummy.virtual")
local words = require("rummy.words")

local M = {}

M.namespace = vim.api.nvim_create_namespace("rummy.changes")

--- Above tree-sitter's and the servers' highlights.
local PRIORITY = 140

local LINKS = {
  RummyAdded = "DiffAdd",
  RummyAddedWord = "DiffText",
  RummyRemoved = "DiffDelete",
  RummyRemovedWord = "DiffText",
  RummySignAdded = "Added",
  RummySignChanged = "Changed",
  RummySignRemoved = "Removed",
  RummySignConflict = "DiagnosticSignWarn",
  RummyLabel = "NonText",
  RummyLabelConflict = "DiagnosticVirtualTextWarn",
}

local function define_highlights()
  for name, link in pairs(LINKS) do
    vim.api.nvim_set_hl(0, name, { link = link, default = true })
  end
end

define_highlights()
vim.api.nvim_create_autocmd("ColorScheme", {
  group = vim.api.nvim_create_augroup("rummy.highlights", {}),
  desc = "Keep the links of rummy's highlight groups",
  callback = define_highlights,
})

---@class rummy.Drawn
---@field change rummy.Change
---@field signature string
---@field anchor integer the extmark that spans its lines
---@field others integer[]
---@field height integer how many lines it spans; none where it only adds
---@field is_behind boolean whether it stands behind the last line
---@field above integer how many virtual lines it has above its line

---@class rummy.Canvas
---@field bufnr integer
---@field layout rummy.Layout
---@field is_inline boolean

--- The runs that want to change the same lines.
---@param proposal rummy.Proposal
---@return string[]
local function other_runs(proposal)
  local names = {} ---@type string[]
  for _, other in ipairs(proposal.overlaps) do
    if not vim.list_contains(names, other.run) then
      table.insert(names, other.run)
    end
  end
  return names
end

--- What a change looks like depends on this, and on nothing else.
---@param canvas rummy.Canvas
---@param change rummy.Change
---@return string
function M.signature(canvas, change)
  local layout = canvas.layout
  return table.concat({
    change.hunk.removed,
    change.hunk.added,
    change.fits and "fits" or "",
    change.is_in_conflict and "conflict" or "",
    change.proposal.hunks[1].id,
    change.proposal.title,
    table.concat(other_runs(change.proposal), " "),
    canvas.is_inline and ("%d %s"):format(layout.width, layout.wrap) or "",
    layout.tabstop,
  }, "\n")
end

---@param change rummy.Change
---@return string text
---@return string group
local function sign(change)
  if change.is_in_conflict then
    return "!", "RummySignConflict"
  elseif #change.removed == 0 and #change.added > 0 then
    return "+", "RummySignAdded"
  elseif #change.added == 0 and #change.removed > 0 then
    return "_", "RummySignRemoved"
  end
  return "~", "RummySignChanged"
end

--- What stands at the end of the first line of a proposal's first change, and of each that is in conflict.
---@param change rummy.Change
---@return rummy.Chunks?
local function label(change)
  local proposal = change.proposal
  local text = "rummy " .. change.run.run
  if proposal.kind ~= "edit" and proposal.kind ~= "create" then
    text = text .. ": " .. proposal.title
  end
  if change.is_in_conflict then
    return { { "conflict: the text is another one than for " .. text, "RummyLabelConflict" } }
  elseif change.hunk.id ~= proposal.hunks[1].id then
    return nil
  end
  local others = other_runs(proposal)
  if #others > 0 then
    text = text .. ", and " .. table.concat(others, ", ")
  end
  return { { text, "RummyLabel" } }
end

--- The added lines as virtual ones, no more than are wanted.
---@param canvas rummy.Canvas
---@param added string[]
---@param spans table<integer, rummy.Span[]>
---@return rummy.Chunks[]
local function added_lines(canvas, added, spans)
  local most = options.get().show.max_lines
  local look = { line = "RummyAdded", word = "RummyAddedWord" }
  local lines = {} ---@type rummy.Chunks[]
  for number, text in ipairs(added) do
    if number > most then
      local rest = ("… %d more lines; :Rummy diff shows them"):format(#added - most)
      table.insert(lines, { { rest, "RummyLabel" } })
      break
    end
    vim.list_extend(lines, virtual.lines(text, spans[number] or {}, look, canvas.layout))
  end
  return lines
end

--- Highlights the words that differ in the lines that are to go.
---@param canvas rummy.Canvas
---@param row integer
---@param spans table<integer, rummy.Span[]>
---@param ids integer[]
local function mark_removed_words(canvas, row, spans, ids)
  for number, of_line in pairs(spans) do
    for _, span in ipairs(of_line) do
      local id = vim.api.nvim_buf_set_extmark(
        canvas.bufnr,
        M.namespace,
        row + number - 1,
        span[1],
        { end_col = span[2], hl_group = "RummyRemovedWord", priority = PRIORITY + 1 }
      )
      table.insert(ids, id)
    end
  end
end

---@param canvas rummy.Canvas
---@param change rummy.Change
---@param row integer
---@param height integer
---@return vim.api.keyset.set_extmark
local function anchor(canvas, change, row, height)
  local show = options.get().show
  local mark = { priority = PRIORITY } ---@type vim.api.keyset.set_extmark
  if height > 0 then
    local last = row + height - 1
    local text = vim.api.nvim_buf_get_lines(canvas.bufnr, last, last + 1, true)[1]
    mark.end_row, mark.end_col = last, #text
    if canvas.is_inline then
      mark.hl_group, mark.hl_eol = "RummyRemoved", true
    end
  end
  if show.signs then
    mark.sign_text, mark.sign_hl_group = sign(change)
  end
  if show.labels then
    mark.virt_text = label(change)
    mark.virt_text_pos = mark.virt_text and "eol"
  end
  return mark
end

--- Shows what virtual lines a window has above its first line. It would have to be scrolled for them.
---@param bufnr integer
---@param row integer
---@param count integer
function M.reveal(bufnr, row, count)
  for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
    vim.api.nvim_win_call(window, function()
      local view = vim.fn.winsaveview()
      if view.topline == row + 1 and view.topfill < count then
        vim.fn.winrestview({ topfill = math.min(count, vim.api.nvim_win_get_height(0) - 1) })
      end
    end)
  end
end

--- How virtual lines go on behind the window's edge, where they are not cut: with the text, when that is
--- scrolled sideways.
---@param canvas rummy.Canvas
---@return "scroll"?
local function overflow(canvas)
  local can_scroll = vim.fn.has("nvim-0.11") == 1
  return can_scroll and not canvas.layout.wrap and "scroll" or nil
end

--- The added lines of a change that only adds stand above its line, or behind the last one; those of one
--- that removes stand below what it removes.
---@param canvas rummy.Canvas
---@param change rummy.Change
---@param row integer where it begins; the number of lines, where it is behind the last
---@return rummy.Drawn
function M.draw(canvas, change, row)
  local bufnr = canvas.bufnr
  local line_count = vim.api.nvim_buf_line_count(bufnr)
  local is_empty = line_count == 1 and vim.api.nvim_buf_get_lines(bufnr, 0, 1, true)[1] == ""
  local height = change.fits and #change.removed or 0
  local is_behind = height == 0 and (row >= line_count or is_empty)
  row = math.min(row, line_count - 1)

  local removed_spans, added_spans = {}, {}
  if canvas.is_inline and change.fits and options.get().show.words then
    removed_spans, added_spans = words.compare(change.removed, change.added)
  end
  local mark = anchor(canvas, change, row, height)
  local lines = canvas.is_inline and change.fits and added_lines(canvas, change.added, added_spans)
    or {}
  local others = {} ---@type integer[]
  if #lines > 0 and height > 0 then
    local below = {
      virt_lines = lines,
      virt_lines_overflow = overflow(canvas),
      priority = PRIORITY,
    }
    local last = row + height - 1
    table.insert(others, vim.api.nvim_buf_set_extmark(bufnr, M.namespace, last, 0, below))
    mark_removed_words(canvas, row, removed_spans, others)
  elseif #lines > 0 then
    mark.virt_lines, mark.virt_lines_above = lines, not is_behind
    mark.virt_lines_overflow = overflow(canvas)
  end
  local drawn = {
    change = change,
    signature = M.signature(canvas, change),
    anchor = vim.api.nvim_buf_set_extmark(bufnr, M.namespace, row, 0, mark),
    others = others,
    height = height,
    is_behind = is_behind,
    above = mark.virt_lines_above and #lines or 0,
  }
  if drawn.above > 0 then
    M.reveal(bufnr, row, drawn.above)
  end
  return drawn
end

---@param bufnr integer
---@param drawn rummy.Drawn
function M.erase(bufnr, drawn)
  vim.api.nvim_buf_del_extmark(bufnr, M.namespace, drawn.anchor)
  for _, id in ipairs(drawn.others) do
    vim.api.nvim_buf_del_extmark(bufnr, M.namespace, id)
  end
end

--- The lines that a drawn change is on, both inclusive; nil if the buffer has lost it.
---@param bufnr integer
---@param drawn rummy.Drawn
---@return integer? first
---@return integer? last
function M.rows(bufnr, drawn)
  local mark =
    vim.api.nvim_buf_get_extmark_by_id(bufnr, M.namespace, drawn.anchor, { details = true })
  if #mark == 0 then
    return nil
  end
  local last = drawn.height > 0 and mark[3].end_row or mark[1]
  return mark[1], math.max(mark[1], last)
end

return M
