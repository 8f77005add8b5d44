--- Options that are wrong are named; what is switched off is not there.
return function(t)
  require("rummy").setup({
    keys = "yes",
    show = { sings = true },
    notify = false,
    autostart = false,
  })
  t.wait_for_notice('setup: `keys` must be a boolean, not "yes"')
  t.wait_for_notice(
    "setup: `show.sings` is none of diagnostics, inline, labels, lenses, max_lines, signs, words"
  )
  require("rummy").setup({
    notify = false,
    autostart = false,
    show = { signs = false, labels = false, words = false, inline = false },
  })
  vim.cmd.edit("greet.lua")
  t.equal({}, vim.lsp.get_clients())
  t.equal("", vim.fn.maparg("]r", "n"))
  vim.cmd("Rummy act be polite")
  t.wait_for_status(202)
  local namespace = vim.api.nvim_get_namespaces()["rummy.changes"]
  local marks = t.wait("the change to be known", function()
    local marks = vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })
    return #marks == 1 and marks
  end)
  local details = marks[1][4]
  t.equal({}, { details.sign_text, details.virt_text, details.hl_group, details.virt_lines })
  vim.cmd("2Rummy accept")
  t.wait_for_status(200)
  t.equal('  print("Good day, " .. name)', t.lines()[2])
  t.equal(
    {},
    vim.tbl_filter(function(notice)
      return notice.text:find("waits for you", 1, true) or notice.text:find("done (200)", 1, true)
    end, t.notices)
  )
end
