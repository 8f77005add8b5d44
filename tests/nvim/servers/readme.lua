--- What the README says, in a Neovim that is configured as it says.
return function(t)
  vim.cmd.edit("greet.lua")
  t.wait("the server to start", function()
    return vim.lsp.get_clients({ bufnr = 0, name = "rummy" })[1]
  end)
  vim.cmd((vim.env.RUMMY_TEST_STARTS:gsub("^:", "")))
  t.wait_for_proposals()
  t.equal(nil, t.on_disk("hello.txt"))
  vim.cmd((vim.env.RUMMY_TEST_ACCEPTS:gsub("^:", "")))
  t.wait_for_status(200)
  t.equal("Hello from a script.\n", t.on_disk("hello.txt"))
  t.equal("<Plug>(rummy-next)", vim.fn.maparg("]r", "n"))
end
