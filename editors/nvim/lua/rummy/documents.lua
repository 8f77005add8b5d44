--- Entries, runs and proposals as buffers: `rummy:/RUN/ENTRY`, `rummy:/RUN`, `rummy:/RUN?diff=PROPOSAL`.
--- The server has their texts. What a client may set can be edited and written.

local client = require("rummy.client")

local M = {}

--- The schemes that a user may write to.
local EDITABLE = { known = true, unknown = true }

---@param text string
---@return string
local function encoded(text)
  return (text:gsub("[^%w._~-]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

---@param run string
---@param entry? string
---@return string
function M.uri(run, entry)
  return "rummy:/" .. run .. (entry and "/" .. encoded(entry) or "")
end

---@param run string
---@param proposal string
---@return string
function M.diff_uri(run, proposal)
  return ("rummy:/%s?diff=%s"):format(run, encoded(proposal))
end

--- What a document is.
---@class rummy.Document
---@field run string
---@field entry? string the entry's path
---@field proposal? string the proposal's, where it is what that leads to

---@param uri string
---@return rummy.Document?
function M.parse(uri)
  local run, rest = uri:match("^rummy:/+([%w._-]+)(.*)$")
  if not run then
    return nil
  end
  local proposal = rest:match("^/?%?diff=(.+)$")
  local entry = rest:match("^/([^?].*)$")
  return {
    run = run,
    entry = not proposal and entry and vim.uri_decode(entry) or nil,
    proposal = proposal and vim.uri_decode(proposal),
  }
end

---@param document rummy.Document
---@return boolean
local function is_editable(document)
  local scheme = document.entry and document.entry:match("^(%l+)://")
  return scheme ~= nil and EDITABLE[scheme] == true
end

--- The buffer that a document has, without its text if it is new.
---@param uri string
---@param client_id integer
---@return integer bufnr
function M.buffer(uri, client_id)
  local bufnr = vim.fn.bufadd(uri)
  client.set_document(bufnr, assert(vim.lsp.get_client_by_id(client_id)))
  return bufnr
end

--- Opens a document in the current window.
---@param uri string
---@param client_id integer
function M.open(uri, client_id)
  local bufnr = M.buffer(uri, client_id)
  vim.bo[bufnr].buflisted = true
  vim.api.nvim_win_set_buf(0, bufnr)
end

--- The text of a document, asked of its server.
---@param client_id integer
---@param uri string
---@param callback fun(text: string)
---@param on_error? fun(message: string)
function M.fetch(client_id, uri, callback, on_error)
  local document = assert(M.parse(uri))
  if document.proposal then
    local params = { run = document.run, path = document.proposal }
    client.request(client_id, "rummy/diff", params, function(result)
      callback(result.after or "")
    end, on_error)
    return
  end
  client.request(client_id, "rummy/textDocumentContent", { uri = uri }, function(result)
    callback(result.text)
  end, on_error)
end

--- Replaces the lines of a buffer, those that differ only, so that marks, folds and cursors stay.
---@param bufnr integer
---@param lines string[]
function M.set_lines(bufnr, lines)
  local old = vim.api.nvim_buf_get_lines(bufnr, 0, -1, true)
  local first = 0
  while first < #old and first < #lines and old[first + 1] == lines[first + 1] do
    first = first + 1
  end
  local behind = 0
  local most = math.min(#old, #lines) - first
  while behind < most and old[#old - behind] == lines[#lines - behind] do
    behind = behind + 1
  end
  if first == #old and #old == #lines then
    return
  end
  local modifiable, modified = vim.bo[bufnr].modifiable, vim.bo[bufnr].modified
  vim.bo[bufnr].modifiable = true
  local changed = vim.list_slice(lines, first + 1, #lines - behind)
  vim.api.nvim_buf_set_lines(bufnr, first, #old - behind, true, changed)
  vim.bo[bufnr].modifiable, vim.bo[bufnr].modified = modifiable, modified
end

---@param text string
---@return string[]
function M.lines(text)
  return vim.split((text:gsub("\r\n", "\n"):gsub("\n$", "")), "\n", { plain = true })
end

--- The type of the file that a proposal is about.
---@param bufnr integer
---@param document rummy.Document
local function set_filetype(bufnr, document)
  local name = document.proposal and vim.uri_decode(document.proposal:match("([^/]*)$"))
    or document.entry
  local filetype = name
    and not name:find("^%l+://")
    and vim.filetype.match({ buf = bufnr, filename = name })
  vim.bo[bufnr].filetype = filetype or "rummy"
end

---@param bufnr integer
---@param document rummy.Document
---@param text string
local function fill(bufnr, document, text)
  local undolevels = vim.bo[bufnr].undolevels
  -- The text that it comes with cannot be undone.
  vim.bo[bufnr].undolevels = -1
  M.set_lines(bufnr, M.lines(text))
  vim.bo[bufnr].undolevels = undolevels
  vim.bo[bufnr].fileformat = text:find("\r\n", 1, true) and "dos" or "unix"
  vim.bo[bufnr].endofline = text == "" or vim.endswith(text, "\n")
  vim.bo[bufnr].modified = false
  vim.bo[bufnr].modifiable = is_editable(document) or document.proposal ~= nil
  set_filetype(bufnr, document)
end

--- Fills a buffer whose name is a document's. For |BufReadCmd|.
---@param event { buf: integer, match: string }
function M.read(event)
  local bufnr, uri = event.buf, event.match
  local document = M.parse(uri)
  if not document then
    vim.notify(
      ("rummy: %s is not rummy:/RUN or rummy:/RUN/ENTRY"):format(uri),
      vim.log.levels.ERROR
    )
    return
  end
  vim.bo[bufnr].buftype = "acwrite"
  vim.bo[bufnr].swapfile = false
  vim.b[bufnr].rummy_run = document.run
  local function load(server)
    if not vim.api.nvim_buf_is_loaded(bufnr) then
      return
    end
    client.set_document(bufnr, server)
    -- For hovers, symbols and links.
    vim.lsp.buf_attach_client(bufnr, server.id)
    if not document.entry and not document.proposal then
      require("rummy.transcript").take(bufnr, server.id, document.run)
      return
    end
    M.fetch(server.id, uri, function(text)
      if vim.api.nvim_buf_is_loaded(bufnr) then
        fill(bufnr, document, text)
        M.map(bufnr)
      end
    end)
  end
  client.with_server(bufnr, load)
end

--- The text of a buffer, with the ends of lines that it came with.
---@param bufnr integer
---@return string
local function text_of(bufnr)
  local lines = vim.api.nvim_buf_get_lines(bufnr, 0, -1, true)
  if #lines == 1 and lines[1] == "" then
    return ""
  end
  local ending = vim.bo[bufnr].fileformat == "dos" and "\r\n" or "\n"
  return table.concat(lines, ending) .. (vim.bo[bufnr].endofline and ending or "")
end

--- Sends a written buffer to its server. For |BufWriteCmd|.
---@param event { buf: integer, match: string }
function M.write(event)
  local bufnr = event.buf
  local document = assert(M.parse(event.match))
  local server = client.of_document(bufnr)
  if not server then
    vim.notify("rummy: the server does not run; :Rummy restart starts it", vim.log.levels.ERROR)
    return
  end
  -- Written when this returns, or not: `:wq` leaves only what is.
  local why ---@type string?
  if document.proposal then
    why = require("rummy.diff").accept_edited(server, document, text_of(bufnr))
  elseif is_editable(document) then
    local params = { run = document.run, path = document.entry, body = text_of(bufnr) }
    why = select(2, client.request_sync(server, "rummy/set", params))
  else
    why = "only known:// and unknown:// entries can be written"
  end
  if why then
    vim.notify(("rummy: %s is not written: %s"):format(event.match, why), vim.log.levels.ERROR)
  elseif vim.api.nvim_buf_is_valid(bufnr) then
    vim.bo[bufnr].modified = false
  end
end

--- Opens what the cursor is on, if it is a link.
---@param bufnr integer
function M.follow_link(bufnr)
  local server = client.of_document(bufnr)
  if not server then
    return
  end
  local params = { textDocument = { uri = vim.uri_from_bufnr(bufnr) } }
  local cursor = vim.api.nvim_win_get_cursor(0)
  local character =
    vim.lsp.util.character_offset(bufnr, cursor[1] - 1, cursor[2], server.offset_encoding)
  client.request(server.id, "textDocument/documentLink", params, function(links)
    for _, link in ipairs(links or {}) do
      local range = link.range
      local is_here = range.start.line == cursor[1] - 1
        and range.start.character <= character
        and character < range["end"].character
      if is_here and link.target then
        vim.cmd("normal! m'")
        if vim.startswith(link.target, "rummy:") then
          M.open(link.target, server.id)
        else
          vim.cmd.edit(vim.fn.fnameescape(vim.uri_to_fname(link.target)))
        end
        return
      end
    end
    vim.notify("rummy: there is no link under the cursor")
  end)
end

--- The keys of such a buffer.
---@param bufnr integer
function M.map(bufnr)
  for _, lhs in ipairs({ "gf", "<CR>" }) do
    vim.keymap.set("n", lhs, function()
      M.follow_link(bufnr)
    end, { buffer = bufnr, desc = "Open the entry under the cursor" })
  end
end

return M
