--- Going from one pending change to the next, over all files.

local inline = require("rummy.inline")
local marks = require("rummy.marks")
local review = require("rummy.review")

local M = {}

---@param standing rummy.Standing
---@param number integer
---@param count integer
local function land(standing, number, count)
  vim.cmd("normal! m'")
  vim.api.nvim_win_set_cursor(0, { standing.first + 1, 0 })
  vim.cmd("normal! zv^")
  if #standing.change.removed == 0 then
    marks.reveal(vim.api.nvim_get_current_buf(), standing.first, #standing.change.added)
  end
  local title = standing.change.proposal.title
  vim.api.nvim_echo({ { ("change %d of %d: %s"):format(number, count, title) } }, false, {})
end

--- The change of a list that lies so many further than a line.
---@param standing rummy.Standing[]
---@param line integer from 0
---@param steps integer less than 0 for backwards
---@return integer
local function further(standing, line, steps)
  local index ---@type integer
  if steps > 0 then
    index = #standing + 1
    for number = #standing, 1, -1 do
      if standing[number].first > line then
        index = number
      end
    end
    index = index + steps - 1
  else
    index = 0
    for number, one in ipairs(standing) do
      if one.first < line then
        index = number
      end
    end
    index = index + steps + 1
  end
  return (index - 1) % #standing + 1
end

--- Goes to the first change of the first file, from this one on, that has some.
---@param direction 1|-1
local function go_to_other_file(direction)
  local files = review.files()
  if #files == 0 then
    vim.notify("rummy: nothing is pending in a file")
    return
  end
  local file = direction > 0 and files[1] or files[#files]
  vim.cmd.edit(vim.fn.fnameescape(vim.fn.fnamemodify(file, ":~:.")))
  local standing = inline.standing(vim.api.nvim_get_current_buf())
  local number = direction > 0 and 1 or #standing
  if standing[number] then
    land(standing[number], number, #standing)
  end
end

--- Goes to the next or the previous change of the buffer, around its ends; where it has none, to another
--- file's.
---@param direction 1|-1
---@param count integer
function M.go(direction, count)
  local standing = inline.standing(vim.api.nvim_get_current_buf())
  if #standing == 0 then
    go_to_other_file(direction)
    return
  end
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  local number = further(standing, line, direction * count)
  land(standing[number], number, #standing)
end

return M
