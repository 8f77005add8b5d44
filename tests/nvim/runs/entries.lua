--- Entries as buffers: read, written where that is allowed, completed.
return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy ask @plan what is to do?")
  t.wait_for_status(200)
  local paths = vim.fn.getcompletion("Rummy entries known", "cmdline")
  t.equal({ "known://größe%20und%20plan" }, paths)

  vim.cmd("Rummy entries " .. paths[1])
  t.wait("the entry", function()
    return t.lines()[1] == "One thing"
  end)
  t.equal({ "acwrite", false, true }, { vim.bo.buftype, vim.bo.modified, vim.bo.modifiable })
  vim.cmd.undo()
  t.equal({ "One thing", "Another" }, t.lines(), "what it came with is not undone")
  t.type("GoA third")
  vim.cmd.write()
  t.equal(false, vim.bo.modified)
  local name = vim.api.nvim_buf_get_name(0)
  vim.cmd("edit!")
  t.wait("the entry as it is kept", function()
    return vim.deep_equal(t.lines(), { "One thing", "Another", "A third" })
  end)
  vim.cmd("bwipeout")
  vim.cmd("edit " .. vim.fn.fnameescape(name))
  t.wait("the entry by its name", function()
    return t.lines()[3] == "A third"
  end)

  -- Others are only read.
  local shown = t.choose("log://turn_1/update")
  vim.cmd("Rummy entries @plan log://**")
  t.wait("the log entry", function()
    return shown.prompt == "Entries of plan" and t.lines()[1] == "Nothing much"
  end)
  t.equal(false, vim.bo.modifiable)
  vim.bo.modifiable = true
  t.type("ccmine<Esc>")
  vim.cmd("silent! write")
  t.wait_for_notice("only known:// and unknown:// entries can be written")
  t.equal(true, vim.bo.modified)

  vim.cmd("Rummy entries @plan known://nothing")
  t.wait_for_notice("rummy plan: there is no entry known://nothing")
  vim.cmd("edit rummy:/nowhere/known%3A%2F%2Fplan")
  t.wait_for_notice("nowhere")
end
