--- `:checkhealth rummy`, without a server and with one.
local function health(t)
  vim.cmd("checkhealth rummy")
  local text = table.concat(t.lines(), "\n")
  vim.cmd.bwipeout()
  return text
end

return function(t)
  vim.cmd.edit("greet.lua")
  local before = health(t)
  assert(before:find("OK rummy%-lsp %d+%.%d+%.%d+, /"), before)
  assert(before:find("no server runs; the first :Rummy starts one", 1, true), before)

  vim.cmd("Rummy act @fix be polite")
  t.wait_for_status(202)
  local after = health(t)
  assert(after:find("OK models: test (openai/scripted)", 1, true), after)
  assert(after:find("workspace: 1 buffer", 1, true), after)
  assert(after:find("rummy fix · turn 1 · ", 1, true), after)

  require("rummy").setup({ cmd = { "/nowhere/rummy-lsp" } })
  local missing = health(t)
  assert(
    missing:find("ERROR the `cmd` of the server, /nowhere/rummy-lsp, cannot", 1, true),
    missing
  )
end
