--- Lines of text that are not in the buffer, as |nvim_buf_set_extmark()| takes them: cut where a window
--- would wrap them, filled up to its width, tabs and control characters written out.

local M = {}

---@alias rummy.Span { [1]: integer, [2]: integer } bytes of a line, from 0, the end exclusive
---@alias rummy.Chunks { [1]: string, [2]: string|string[] }[]

---@class rummy.Layout how the windows that show a buffer lay out its lines
---@field width integer cells
---@field wrap boolean
---@field tabstop integer

---@class rummy.Look the highlight groups of a line
---@field line string
---@field word string

--- What the columns of signs and numbers of a window take, once there are signs. A window tells of them only
--- after it was drawn.
---@param window integer
---@param before table<integer, integer> what it took, by window, when there were none
---@param info vim.fn.getwininfo.ret.item
---@return integer cells
local function text_offset(window, before, info)
  local SIGN = 2
  if before[window] == info.textoff and vim.startswith(vim.wo[window].signcolumn, "auto") then
    return info.textoff + SIGN
  end
  return info.textoff
end

--- What the columns beside the text take in the windows of a buffer without signs; nothing if it has some.
---@param bufnr integer
---@return table<integer, integer> cells by window
function M.offsets_without_signs(bufnr)
  local offsets = {} ---@type table<integer, integer>
  if #vim.api.nvim_buf_get_extmarks(bufnr, -1, 0, -1, { type = "sign", limit = 1 }) == 0 then
    for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
      offsets[window] = vim.fn.getwininfo(window)[1].textoff
    end
  end
  return offsets
end

--- The layout that suits all windows that show the buffer: lines fit into the narrowest. Without a
--- window, that of one as wide as the screen.
---@param bufnr integer
---@param offsets table<integer, integer> of its windows, before signs were put into it
---@return rummy.Layout
function M.layout(bufnr, offsets)
  local width ---@type integer?
  local wrap = false
  for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
    local info = vim.fn.getwininfo(window)[1]
    width = math.min(width or math.huge, info.width - text_offset(window, offsets, info))
    wrap = wrap or vim.wo[window].wrap
  end
  return {
    width = math.max(width or vim.o.columns, 8),
    wrap = wrap,
    tabstop = vim.bo[bufnr].tabstop,
  }
end

--- A character as it is shown, and how many cells it takes.
---@param char string
---@param column integer
---@param tabstop integer
---@return string text
---@return integer cells
local function shown(char, column, tabstop)
  if char:find("^[ -~]$") then
    return char, 1
  elseif char == "\t" then
    local cells = tabstop - column % tabstop
    return (" "):rep(cells), cells
  end
  local text = vim.fn.strtrans(char)
  return text, vim.api.nvim_strwidth(text)
end

---@param spans rummy.Span[]
---@param byte integer
---@return boolean
local function is_inside(spans, byte)
  return vim.iter(spans):any(function(span)
    return span[1] <= byte and byte < span[2]
  end)
end

--- The characters of a line, those that combine kept together.
---@param text string
---@return string[]
local function characters(text)
  if not text:find("[\t\128-\255%c]") then
    return vim.split(text, "")
  end
  return vim.fn.split(text, "\\zs")
end

--- One line of text as one virtual line, or several where it is wider than a window that wraps.
---@param text string
---@param spans rummy.Span[] the words that differ
---@param look rummy.Look
---@param layout rummy.Layout
---@return rummy.Chunks[]
function M.lines(text, spans, look, layout)
  local lines = {} ---@type rummy.Chunks[]
  local chunks = {} ---@type rummy.Chunks
  local pieces, group = {}, look.line
  local byte, column, cells_of_line = 0, 0, 0

  local function end_chunk()
    if #pieces > 0 then
      table.insert(chunks, { table.concat(pieces), group })
      pieces = {}
    end
  end

  local function end_line()
    end_chunk()
    local missing = layout.width - cells_of_line
    if missing > 0 then
      table.insert(chunks, { (" "):rep(missing), look.line })
    end
    table.insert(lines, chunks)
    chunks, cells_of_line = {}, 0
  end

  for _, char in ipairs(characters(text)) do
    local piece, cells = shown(char, column, layout.tabstop)
    if layout.wrap and cells_of_line > 0 and cells_of_line + cells > layout.width then
      end_line()
    end
    local of_char = is_inside(spans, byte) and look.word or look.line
    if of_char ~= group then
      end_chunk()
      group = of_char
    end
    table.insert(pieces, piece)
    byte = byte + #char
    column, cells_of_line = column + cells, cells_of_line + cells
  end
  end_line()
  return lines
end

return M
