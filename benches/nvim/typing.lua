--- Types into a text of 10,000 lines, first alone and then beside a run that makes noise, and prints what a
--- key takes: the median and the 99th percentile of each, in milliseconds, and how often the run was heard.

local KEYS = 400
local PAUSE_MS = 20

vim.o.columns, vim.o.lines = 120, 40
vim.o.showmode = false

--- What a key takes until it is on the screen. What the editor is busy with when it comes counts.
local function typed()
  local times = {}
  for _ = 1, KEYS do
    local due = vim.uv.hrtime() + PAUSE_MS * 1e6
    vim.wait(PAUSE_MS)
    vim.api.nvim_feedkeys(vim.keycode("ax<Esc>"), "xt", false)
    vim.cmd.redraw()
    table.insert(times, (vim.uv.hrtime() - due) / 1e6)
  end
  table.sort(times)
  return times[math.ceil(KEYS / 2)], times[math.ceil(KEYS * 0.99)]
end

local heard = 0
vim.api.nvim_create_autocmd("User", {
  pattern = "RummyState",
  callback = function()
    heard = heard + 1
  end,
})

vim.notify = function() end

local function measure()
  vim.cmd.edit("text")
  local lines = {}
  for number = 1, 10000 do
    lines[number] = ("line %d of the text, which is neither short nor long"):format(number)
  end
  vim.api.nvim_buf_set_lines(0, 0, -1, true, lines)
  vim.api.nvim_win_set_cursor(0, { 5010, 0 })
  vim.o.statusline = "%f %{v:lua.require'rummy'.status()}"
  local quiet, quiet_99 = typed()
  require("rummy").setup({
    cmd = { vim.v.progpath, "-l", vim.env.RUMMY_BENCH_SERVER },
    autostart = false,
  })
  vim.cmd("Rummy act make noise")
  assert(
    vim.wait(30000, function()
      local namespace = vim.api.nvim_get_namespaces()["rummy.changes"]
      return namespace and #vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, {}) > 50
    end),
    "nothing is drawn"
  )
  vim.cmd("Rummy log")
  vim.cmd("wincmd p")
  vim.api.nvim_set_current_win(vim.fn.bufwinid("text"))
  heard = 0
  local noisy, noisy_99 = typed()
  io.stdout:write(("%f %f %f %f %d\n"):format(quiet, quiet_99, noisy, noisy_99, heard))
end

vim.api.nvim_create_autocmd("VimEnter", {
  callback = vim.schedule_wrap(function()
    local passed, why = xpcall(measure, debug.traceback)
    if not passed then
      io.stderr:write(why, "\n")
    end
    vim.cmd(passed and "qall!" or "1cquit")
  end),
})
