return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy ask what is this?")
  t.wait_for_status(200)
  local cmd = vim.lsp.get_clients({ name = "rummy" })[1].config.cmd
  assert(vim.endswith(cmd[1], "checkout/target/release/rummy-lsp"), cmd[1])
end
