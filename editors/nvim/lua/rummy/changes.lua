--- The pending changes of a buffer's file: what each is in the lines of the buffer, by what the servers
--- said last. Where it is drawn, and how, is `rummy.inline`'s.

local path = require("rummy.path")
local state = require("rummy.state")

local M = {}

--- A hunk of a proposal on a buffer's file.
---@class rummy.Change
---@field key string
---@field run rummy.Run
---@field proposal rummy.Proposal
---@field hunk rummy.Hunk
---@field removed string[] lines
---@field added string[]
---@field row integer the first line that it removes, or the line that it adds lines above; from 0
---@field is_in_conflict boolean whether the user has changed the same lines
---@field fits boolean whether it can be made: the buffer has there what it removes

--- The lines of a text, without their ends.
---@param text string
---@param bufnr integer
---@return string[]
function M.lines_of(text, bufnr)
  if text == "" then
    return {}
  end
  local ending = vim.bo[bufnr].fileformat == "dos" and "\r\n" or "\n"
  if vim.endswith(text, ending) then
    text = text:sub(1, -#ending - 1)
  end
  return vim.split(text, ending, { plain = true })
end

---@param bufnr integer
---@param row integer
---@param removed string[]
---@return boolean
local function has_lines(bufnr, row, removed)
  if #removed == 0 then
    return true
  end
  local there = vim.api.nvim_buf_get_lines(bufnr, row, row + #removed, false)
  for number, line in ipairs(removed) do
    if there[number] ~= line then
      return false
    end
  end
  return true
end

--- Whether the buffer has what a change removes at another place.
---@param bufnr integer
---@param change rummy.Change
---@param row integer
---@return boolean
function M.fits_at(bufnr, change, row)
  return has_lines(bufnr, row, change.removed)
end

---@param bufnr integer
---@param run rummy.Run
---@param proposal rummy.Proposal
---@param hunk rummy.Hunk
---@return rummy.Change
local function change_of(bufnr, run, proposal, hunk)
  local start = hunk.range.start
  local removed = M.lines_of(hunk.removed, bufnr)
  -- What is added behind a last line that has no end begins on that line.
  local row = start.line + (start.character > 0 and 1 or 0)
  local is_in_conflict = hunk.standing == "conflict"
  return {
    key = table.concat({ run.client_id, run.run, proposal.path, hunk.id }, "\n"),
    run = run,
    proposal = proposal,
    hunk = hunk,
    removed = removed,
    added = M.lines_of(hunk.added, bufnr),
    row = row,
    is_in_conflict = is_in_conflict,
    fits = not is_in_conflict and has_lines(bufnr, row, removed),
  }
end

--- All that is pending on the buffer's file, the newest run's first.
---@param bufnr integer
---@return rummy.Change[]
function M.of_buffer(bufnr)
  local changes = {} ---@type rummy.Change[]
  local file ---@type string?
  for _, run in ipairs(state.runs()) do
    for _, proposal in ipairs(run.proposals) do
      file = file or path.of_buffer(bufnr)
      for _, hunk in ipairs(proposal.file == file and proposal.hunks or {}) do
        -- What stands in the text already is only waiting to be recorded.
        if hunk.standing ~= "there" then
          table.insert(changes, change_of(bufnr, run, proposal, hunk))
        end
      end
    end
  end
  return changes
end

return M
