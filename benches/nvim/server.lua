--- A language server that only makes noise: once a run is started it sends 20 states, 50 progress notes, 20
--- pieces of text and 10 times the pending set of 50 changes a second. For `nvim -l`.

local HUNKS = 50
local LINES_APART = 200

local output = assert(vim.uv.new_pipe())
output:open(1)

local function send(message)
  message.jsonrpc = "2.0"
  local body = vim.json.encode(message)
  output:write(("Content-Length: %d\r\n\r\n%s"):format(#body, body))
end

local function notify(method, params)
  send({ method = method, params = params })
end

--- What stands on a line of the document, counted from 0.
local function line(number)
  return ("line %d of the text, which is neither short nor long\n"):format(number + 1)
end

local function proposal(uri)
  local hunks, patch = {}, {}
  for number = 1, HUNKS do
    local at = number * LINES_APART - 1
    local added = line(at):gsub("neither", "not")
    table.insert(patch, ("@@ -%d +%d @@\n-%s+%s"):format(at, at, line(at), added))
    table.insert(hunks, {
      id = "h" .. number,
      range = {
        start = { line = at, character = 0 },
        ["end"] = { line = at + 1, character = 0 },
      },
      removed = line(at),
      added = added,
    })
  end
  return {
    path = "log://turn_1/set/text",
    run = "noisy",
    turn = 1,
    model = "none",
    action = "set",
    kind = "edit",
    title = "Edit text",
    target = "text",
    uri = uri,
    hunks = hunks,
    patch = table.concat(patch),
    stale = false,
    conflict = false,
    overlaps = {},
  }
end

local timers = {}

local function every(pause, act)
  local timer = assert(vim.uv.new_timer())
  table.insert(timers, timer)
  local count = 0
  timer:start(0, pause, function()
    count = count + 1
    act(count)
  end)
end

local function make_noise(uri)
  local pending = proposal(uri)
  every(50, function(count)
    notify("run/state", {
      run = "noisy",
      turn = 1 + math.floor(count / 100),
      status = 102,
      state = "streaming",
      summary = "",
      history = {
        {
          tool = "get",
          path = "src/app.rs",
          status = 200,
          body = ("a result of a command "):rep(20),
          turn = 1,
          attributes = vim.empty_dict(),
          entry = "log://turn_1/get/" .. count,
        },
      },
      historyFrom = count - 1,
      historyTotal = count,
      unknowns = {},
      pending = 1,
      phase = "discover",
      telemetry = { modelAlias = "none", tokensFree = 100000 - count, cost = count / 1000 },
    })
  end)
  every(20, function(count)
    notify("run/progress", { run = "noisy", turn = 1, status = "streaming", tokens = count })
  end)
  local text = "a piece of the answer, "
  every(50, function(count)
    notify("run/text", {
      run = "noisy",
      turn = 1,
      kind = "answer",
      offset = (count - 1) * #text,
      text = text,
    })
  end)
  every(100, function()
    notify("run/proposal", { run = "noisy", turn = 1, proposals = { pending } })
  end)
end

local uri

local requests = {
  initialize = function()
    return { capabilities = { textDocumentSync = 2 } }
  end,
  ["rummy/act"] = function()
    make_noise(uri)
    return { run = "noisy", status = 100 }
  end,
  ["rummy/textDocumentContent"] = function()
    return { text = "# noisy\n\n## Turn 1\n" }
  end,
}

local function handle(message)
  if message.method == "textDocument/didOpen" then
    uri = message.params.textDocument.uri
  elseif message.method == "exit" then
    os.exit(0)
  end
  if message.id then
    local answer = requests[message.method]
    send({ id = message.id, result = answer and answer() or vim.NIL })
  end
end

local input = assert(vim.uv.new_pipe())
input:open(0)
local buffer = ""
input:read_start(function(_, chunk)
  if not chunk then
    os.exit(0)
  end
  buffer = buffer .. chunk
  while true do
    local head, length = buffer:match("^(.-Content%-Length: (%d+).-\r\n\r\n)")
    if not head or #buffer < #head + tonumber(length) then
      return
    end
    local body = buffer:sub(#head + 1, #head + tonumber(length))
    buffer = buffer:sub(#head + tonumber(length) + 1)
    handle(vim.json.decode(body))
  end
end)

vim.uv.run()
