return function(t)
  require("rummy").setup({
    filetypes = { "lua" },
    -- The server refuses what it does not know, and so shows that it was given this.
    init_options = { reveiw = "each" },
  })
  vim.cmd.edit("NOTES")
  t.equal({}, vim.lsp.get_clients({ name = "rummy" }))
  vim.cmd.edit("greet.lua")
  local client = t.wait("the server to start", function()
    return vim.lsp.get_clients({ bufnr = 0, name = "rummy" })[1]
  end)
  t.equal(vim.uv.cwd(), client.root_dir or client.config.root_dir)
  t.wait("the complaint about the key", function()
    return vim.fn.execute("messages"):find("reveiw", 1, true)
  end)
end
