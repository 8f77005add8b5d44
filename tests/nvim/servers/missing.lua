return function(t)
  vim.cmd.edit("greet.lua")
  t.equal(nil, package.loaded["rummy.client"], "nothing is loaded before it is used")
  t.equal({ "accept", "act" }, vim.fn.getcompletion("Rummy ac", "cmdline"))
  local names = vim.fn.getcompletion("Rummy ", "cmdline")

  vim.cmd("Rummy ask what is this?")
  local notice = t.wait_for_notice("rummy-lsp is missing")
  t.equal(vim.log.levels.ERROR, notice.level)
  assert(notice.text:find("cargo build --release", 1, true), notice.text)
  assert(notice.text:find("target/release/rummy-lsp", 1, true), notice.text)

  require("rummy").setup({ cmd = { "/nowhere/rummy-lsp" } })
  vim.cmd("Rummy ask what is this?")
  t.wait_for_notice("the `cmd` of the server, /nowhere/rummy-lsp, cannot be executed")

  vim.cmd("Rummy dance")
  t.wait_for_notice(":Rummy dance is none of " .. table.concat(names, ", "))
end
