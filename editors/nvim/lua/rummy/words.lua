--- Which words differ between the lines that a hunk removes and those that it adds.

local M = {}

--- A hunk with more lines or words than this is shown by its lines alone.
local MOST_LINES = 300
local MOST_WORDS = 4000

--- Where less than this part of both texts is the same, words would only be noise.
local LEAST_IN_COMMON = 0.3

---@class rummy.Word
---@field text string
---@field line integer from 1
---@field first integer the byte that it begins at, from 0
---@field last integer the byte behind it

--- Cuts lines into words, runs of white space, and single other characters.
---@param lines string[]
---@return rummy.Word[]
local function cut(lines)
  local words = {} ---@type rummy.Word[]
  for number, line in ipairs(lines) do
    local at = 1
    while at <= #line do
      -- Bytes above 127 belong to characters of several bytes; those are taken for letters.
      local _, last = line:find("^[%w_\128-\255]+", at)
      if not last then
        _, last = line:find("^%s+", at)
      end
      last = last or at
      table.insert(words, {
        text = line:sub(at, last),
        line = number,
        first = at - 1,
        last = last,
      })
      at = last + 1
    end
    table.insert(words, { text = "\\n", line = number, first = #line, last = #line })
  end
  return words
end

---@param words rummy.Word[]
---@return string
local function as_lines(words)
  local texts = vim.tbl_map(function(word)
    return word.text
  end, words)
  return table.concat(texts, "\n") .. "\n"
end

--- Marks words as differing; neighbours on a line become one span.
---@param spans table<integer, rummy.Span[]>
---@param words rummy.Word[]
---@param first integer
---@param count integer
local function mark(spans, words, first, count)
  for index = first, first + count - 1 do
    local word = words[index]
    if word.last > word.first then
      local of_line = spans[word.line] or {}
      spans[word.line] = of_line
      local before = of_line[#of_line]
      if before and before[2] == word.first then
        before[2] = word.last
      else
        table.insert(of_line, { word.first, word.last })
      end
    end
  end
end

--- The spans that differ, by line. Empty where nearly everything does, or too much would have to be
--- compared.
---@param removed string[]
---@param added string[]
---@return table<integer, rummy.Span[]> removed
---@return table<integer, rummy.Span[]> added
function M.compare(removed, added)
  if #removed + #added > MOST_LINES then
    return {}, {}
  end
  local old, new = cut(removed), cut(added)
  if #old == 0 or #new == 0 or #old + #new > MOST_WORDS then
    return {}, {}
  end
  local hunks = vim.diff(as_lines(old), as_lines(new), {
    result_type = "indices",
    algorithm = "minimal",
  }) --[[@as integer[][] ]]
  local in_old, in_new = {}, {}
  local differing = 0
  for _, hunk in ipairs(hunks) do
    mark(in_old, old, hunk[1], hunk[2])
    mark(in_new, new, hunk[3], hunk[4])
    differing = differing + hunk[2] + hunk[4]
  end
  if 1 - differing / (#old + #new) < LEAST_IN_COMMON then
    return {}, {}
  end
  return in_old, in_new
end

return M
