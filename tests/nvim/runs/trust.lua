--- What a workspace brings in `.rummy/` is used when the user says so, and no longer when they say so.
return function(t)
  local function skills()
    return vim.fn.getcompletion("Rummy skill @plan ", "cmdline")
  end
  local shown = t.choose("Use It")
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy ask @plan what is to do?")
  t.wait_for_status(200)
  t.wait("the workspace's skill", function()
    return vim.deep_equal(skills(), { "tidy" })
  end)
  t.equal(true, shown.prompt:find("brings its own skills", 1, true) ~= nil, shown.prompt)

  vim.cmd("Rummy trust!")
  t.wait_for_notice("in .rummy/ is not used")
  t.equal({}, skills())
  vim.cmd("Rummy trust")
  t.wait_for_notice("in .rummy/ is used")
  t.equal({ "tidy" }, skills())
end
