--- What is drawn in the text: lines that are longer than the window, wide characters and tabs, words; in
--- several windows, folds, hidden buffers and diffs. Nothing of it is left in the end.
local function highlights()
  local namespace = vim.api.nvim_get_namespaces()["rummy.changes"]
  local found = {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })) do
    local details = mark[4]
    if details.hl_group == "RummyRemovedWord" then
      local line = vim.api.nvim_buf_get_lines(0, mark[2], mark[2] + 1, true)[1]
      table.insert(found, "−" .. line:sub(mark[3] + 1, details.end_col))
    end
    for _, chunks in ipairs(details.virt_lines or {}) do
      for _, chunk in ipairs(chunks) do
        if chunk[2] == "RummyAddedWord" then
          table.insert(found, "+" .. chunk[1])
        end
      end
    end
  end
  return found
end

return function(t)
  vim.o.columns, vim.o.lines = 40, 24
  vim.cmd.edit("wide.txt")
  vim.bo.tabstop = 8
  vim.cmd("Rummy act be polite")
  local run = t.wait_for_proposals()
  local label = "rummy " .. run.run
  local added = {
    "größer\t世界",
    ("世界"):rep(10),
  }
  t.equal({
    { first = 0, last = 0, sign = "+", label = label, added = { "a new first line" } },
    { first = 1, last = 1, sign = "~", added = { "größer  世界" } },
    { first = 3, last = 3, sign = "_" },
    {
      first = 4,
      last = 4,
      sign = "+",
      added = { ("世界"):rep(9) .. "世", "界" },
    },
  }, t.drawn())
  t.equal({ "+größer", "−kleiner" }, highlights())

  -- The first line of the window has its virtual lines above it.
  t.equal(
    { "  a new first line", "  first" },
    { t.screen()[1], (t.screen()[2]:gsub("rummy.*", ""):gsub("^%+ ", "  "):gsub("%s+$", "")) }
  )

  -- Without wrapping a line is one line.
  vim.wo.wrap = false
  t.wait("the lines to be whole", function()
    return vim.deep_equal(t.drawn()[4].added, { ("世界"):rep(10) })
  end)
  vim.wo.wrap = true

  -- A second, narrower window.
  vim.cmd("20vsplit")
  t.wait("the lines to fit into both", function()
    return #t.drawn()[4].added > 2
  end)
  vim.cmd.close()

  -- Virtual lines would put the lines of a diff out of step.
  vim.cmd.diffthis()
  t.wait("the lines to go", function()
    return vim.iter(t.drawn()):all(function(one)
      return one.added == nil
    end)
  end)
  t.equal(4, #t.drawn())
  vim.cmd.diffoff()
  t.wait("the lines to come back", function()
    return t.drawn()[1].added
  end)

  -- A fold, and a buffer that is hidden and shown again.
  vim.cmd("2,4fold")
  t.equal(4, #t.drawn())
  vim.cmd.enew()
  vim.cmd.buffer("wide.txt")
  t.equal(4, #t.drawn())
  vim.cmd("normal! zR")

  -- Reading the file again draws everything anew.
  vim.cmd("edit!")
  t.wait("the changes to be drawn again", function()
    return #t.drawn() == 4
  end)

  vim.cmd("%Rummy accept")
  t.wait_for_status(200)
  t.equal({ "a new first line", "first", added[1], "third", "fifth", added[2] }, t.lines())
  t.wait("nothing to be left", function()
    local namespace = vim.api.nvim_get_namespaces()["rummy.changes"]
    return #vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, {}) == 0
  end)
end
