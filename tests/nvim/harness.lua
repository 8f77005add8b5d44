--- Runs one scenario in a headless Neovim, and exits: 0 if it passed; else 1, with what the user
--- would have seen on stderr. The scenario is a file that returns a function of the tools here.

--- How long anything is waited for. Far more than it takes, for machines under load.
local PATIENCE_MS = 60000

---@class Tools
local t = {
  notices = {}, ---@type { text: string, level: integer }[] what went through vim.notify
  events = {}, ---@type { name: string, run: rummy.Run }[]
}

vim.notify = function(text, level)
  table.insert(t.notices, { text = text, level = level or vim.log.levels.INFO })
end

vim.api.nvim_create_autocmd("User", {
  pattern = { "RummyState", "RummyProposal" },
  callback = function(event)
    table.insert(t.events, { name = event.match, run = event.data })
  end,
})

--- Handles events until the condition holds, and returns what made it hold.
function t.wait(what, condition)
  local held
  local ok = vim.wait(PATIENCE_MS, function()
    held = condition()
    return held
  end, 5)
  if not ok then
    error(("waited %d s in vain for %s"):format(PATIENCE_MS / 1000, what), 2)
  end
  return held
end

function t.equal(expected, got, what)
  if not vim.deep_equal(expected, got) then
    local text = "%s:\nexpected %s\ngot      %s"
    error(text:format(what or "differs", vim.inspect(expected), vim.inspect(got)), 2)
  end
end

--- The newest event of the name whose run passes the test.
function t.event(name, test)
  for index = #t.events, 1, -1 do
    local event = t.events[index]
    if event.name == name and (not test or test(event.run)) then
      return event.run
    end
  end
end

--- Waits until a run has this status.
function t.wait_for_status(status)
  return t.wait("a run at " .. status, function()
    return t.event("RummyState", function(run)
      return run.status == status
    end)
  end)
end

--- Waits for a run with proposals, which are not those of `before`.
function t.wait_for_proposals(before)
  return t.wait("a proposal", function()
    local run = t.event("RummyProposal")
    return run and #run.proposals > 0 and not vim.deep_equal(run, before) and run
  end)
end

--- Waits for a notice that has this text in it.
function t.wait_for_notice(text)
  return t.wait(("the notice %q"):format(text), function()
    return vim.iter(t.notices):find(function(notice)
      return notice.text:find(text, 1, true) ~= nil
    end)
  end)
end

--- Types keys, as a user does: what they change is an undo step of its own.
function t.type(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), "xt", false)
end

--- Types a text, does something before Insert mode is left, and leaves it.
function t.while_typing(text, act)
  local passed, why
  _G.while_typing = function()
    passed, why = xpcall(act, debug.traceback)
  end
  local keys = "i" .. text .. "<Cmd>lua while_typing()<CR><Esc>"
  vim.api.nvim_feedkeys(vim.keycode(keys), "x!", false)
  if not passed then
    error(why, 0)
  end
end

function t.lines(bufnr)
  return vim.api.nvim_buf_get_lines(bufnr or 0, 0, -1, true)
end

function t.on_disk(name)
  local file = io.open(name, "rb")
  if not file then
    return nil
  end
  local text = file:read("*a")
  file:close()
  return text
end

--- What the diagnostics on the current buffer say.
function t.diagnostics()
  return vim.tbl_map(function(diagnostic)
    return { line = diagnostic.lnum, source = diagnostic.source, code = diagnostic.code }
  end, vim.diagnostic.get(0))
end

--- The titles of the code lenses on the current buffer.
function t.lenses()
  return vim.tbl_map(function(lens)
    return lens.command.title
  end, vim.lsp.codelens.get(vim.api.nvim_get_current_buf()))
end

--- What the plugin has drawn of the pending changes into a buffer, from top to bottom: the lines from 0,
--- the sign, the added lines, what stands at the end of the first line.
function t.drawn(bufnr)
  bufnr = bufnr or 0
  local namespace = vim.api.nvim_get_namespaces()["rummy.changes"]
  if not namespace then
    return {}
  end
  local function text_of(chunks)
    local texts = vim.tbl_map(function(chunk)
      return chunk[1]
    end, chunks)
    return (table.concat(texts):gsub("%s+$", ""))
  end
  local found, added = {}, {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(bufnr, namespace, 0, -1, { details = true })) do
    local line, details = mark[2], mark[4]
    for _, chunks in ipairs(details.virt_lines or {}) do
      added[line] = added[line] or {}
      table.insert(added[line], text_of(chunks))
    end
    if details.sign_text then
      table.insert(found, {
        first = line,
        last = details.end_row or line,
        sign = vim.trim(details.sign_text),
        label = details.virt_text and text_of(details.virt_text),
      })
    end
  end
  for _, one in ipairs(found) do
    one.added = added[one.last]
  end
  return found
end

--- Whether this line of the current buffer has the one change that is drawn, and none is in conflict.
function t.marked(line)
  local drawn = t.drawn()
  return #drawn == 1 and drawn[1].first == line and drawn[1].sign ~= "!"
end

--- Whether the server shows the hunk on a line too, as one diagnostic and three lenses.
function t.annotated(line)
  local diagnostics = t.diagnostics()
  local lenses = vim.lsp.codelens.get(vim.api.nvim_get_current_buf())
  return vim.deep_equal(diagnostics, { { line = line, source = "rummy", code = "proposal" } })
    and #lenses == 3
    and vim.iter(lenses):all(function(lens)
      return lens.range.start.line == line
    end)
end

--- The lines at which the hunks of a run's first proposal begin.
function t.hunk_lines(run)
  return vim.tbl_map(function(hunk)
    return hunk.range.start.line
  end, run.proposals[1].hunks)
end

--- Answers the next `vim.ui.select` with the item that reads so, and the one `vim.ui.input` behind it with
--- the text. Returns what was shown.
function t.choose(label, text)
  local shown = {}
  local select, input = vim.ui.select, vim.ui.input
  vim.ui.input = function(options, answer)
    vim.ui.input = input
    shown.input = options.prompt
    shown.default = options.default
    answer(text)
  end
  vim.ui.select = function(items, options, choose)
    vim.ui.select = select
    shown.prompt = options.prompt
    shown.items = vim.tbl_map(options.format_item or tostring, items)
    for index, item in ipairs(items) do
      if vim.startswith(shown.items[index], label) then
        choose(item, index)
        return
      end
    end
    choose(nil)
  end
  return shown
end

--- The text of the screen, line by line.
function t.screen()
  vim.cmd.redraw()
  local lines = {}
  for row = 1, vim.o.lines do
    local cells = {}
    for column = 1, vim.o.columns do
      table.insert(cells, vim.fn.screenstring(row, column))
    end
    table.insert(lines, (table.concat(cells):gsub("%s+$", "")))
  end
  return lines
end

--- Compares the screen with `screens/NAME.txt`; what differs from machine to machine is replaced first, by
--- pattern. With RUMMY_UPDATE_SCREENS in the environment the file is written instead.
function t.looks_like(name, replacements)
  local lines = vim.tbl_map(function(line)
    for _, replacement in ipairs(replacements or {}) do
      line = line:gsub(replacement[1], replacement[2])
    end
    return line
  end, t.screen())
  local tests = vim.fn.fnamemodify(vim.env.RUMMY_TEST_SCENARIO, ":h:h")
  local file = vim.fs.joinpath(tests, "screens", name .. ".txt")
  if vim.env.RUMMY_UPDATE_SCREENS then
    vim.fn.writefile(lines, file)
    return
  end
  local expected = vim.fn.readfile(file)
  if not vim.deep_equal(expected, lines) then
    local differences =
      vim.diff(table.concat(expected, "\n") .. "\n", table.concat(lines, "\n") .. "\n")
    error(("the screen is not %s:\n%s"):format(file, differences), 2)
  end
end

--- Starts another Neovim with the plugin, that is used from outside.
function t.start_other()
  local channel = vim.fn.jobstart({
    vim.v.progpath,
    "--embed",
    "--headless",
    "--clean",
    -- Both may have the same file open.
    "-n",
    "--cmd",
    "set runtimepath^=" .. vim.fn.escape(vim.o.runtimepath:match("[^,]*"), " "),
  }, { rpc = true })
  return {
    input = function(keys)
      vim.rpcrequest(channel, "nvim_input", keys)
    end,
    quit = function()
      vim.rpcnotify(channel, "nvim_command", "qall!")
      return vim.fn.jobwait({ channel }, PATIENCE_MS)[1]
    end,
    lua = function(code)
      return vim.rpcrequest(channel, "nvim_exec_lua", code, {})
    end,
  }
end

--- Lets the test outside do what it has been told to.
function t.go_on()
  vim.fn.chanclose(vim.fn.sockconnect("tcp", vim.env.RUMMY_TEST_GO_ON))
end

--- The text that is in the one buffer of this name.
function t.text_of(name)
  local bufnr = vim.fn.bufnr(vim.fn.escape(name, "[]*?{}"))
  return bufnr ~= -1 and table.concat(t.lines(bufnr), "\n") or nil
end

--- Runs the one code action of the kind that concerns the hunk under the cursor.
function t.code_action(kind, title)
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return action.kind == kind and vim.startswith(action.title, title)
    end,
  })
end

--- Types when the next edit comes, before Neovim handles it. Returns the list that the answer to the
--- server will be in.
function t.before_an_edit(keys)
  local METHOD = "workspace/applyEdit"
  local answers = {}
  local handlers = vim.lsp.get_clients({ bufnr = 0 })[1].handlers
  local own = handlers[METHOD]
  handlers[METHOD] = function(...)
    handlers[METHOD] = own
    t.type(keys)
    answers[1] = (own or vim.lsp.handlers[METHOD])(...)
    return answers[1]
  end
  return answers
end

--- Starts the server as a configuration without the plugin does.
function t.start_plain(config)
  local id = vim.lsp.start(vim.tbl_extend("error", {
    name = "plain",
    cmd = { "rummy-lsp" },
    root_dir = vim.uv.cwd(),
  }, config or {}))
  local client = vim.lsp.get_client_by_id(id)
  t.wait("the server", function()
    return client.initialized
  end)
  t.equal(nil, package.loaded["rummy"])
  return client
end

--- Ends the servers as leaving the editor does, and sees that they end well.
local function stop_servers()
  local ended = {}
  local clients = vim.lsp.get_clients()
  for _, client in ipairs(clients) do
    vim.lsp.stop_client(client.id)
  end
  t.wait("the servers to end", function()
    ended = vim.tbl_filter(function(client)
      return vim.lsp.get_client_by_id(client.id) == nil
    end, clients)
    return #ended == #clients
  end)
  -- Neovim tells of a server that ended otherwise.
  t.equal(
    {},
    vim.tbl_filter(function(notice)
      return notice.text:find("quit with exit code", 1, true) ~= nil
    end, t.notices)
  )
end

local function report(why)
  local seen = {
    why,
    "notices: " .. vim.inspect(t.notices),
    "messages:\n" .. vim.fn.execute("messages"),
    "last event: " .. vim.inspect(t.events[#t.events]),
    "buffer:\n" .. table.concat(t.lines(), "\n"),
  }
  io.stderr:write(table.concat(seen, "\n\n"), "\n")
end

vim.api.nvim_create_autocmd("VimEnter", {
  callback = vim.schedule_wrap(function()
    local scenario = dofile(vim.env.RUMMY_TEST_SCENARIO)
    local passed, why = xpcall(function()
      scenario(t)
      stop_servers()
    end, debug.traceback)
    if not passed then
      report(why)
    end
    vim.cmd(passed and "qall!" or "1cquit")
  end),
})
