return function(t)
  if vim.fn.has("nvim-0.11") == 0 then
    return
  end
  vim.lsp.config("rummy", { init_options = { reveiw = "each" } })
  vim.lsp.enable("rummy")
  vim.cmd.edit("greet.lua")
  local client = t.wait("the server to start", function()
    return vim.lsp.get_clients({ bufnr = 0, name = "rummy" })[1]
  end)
  t.wait("the complaint about the key", function()
    return vim.fn.execute("messages"):find("reveiw", 1, true)
  end)
  t.equal("2.0.0", client.config.init_options.clientVersion)

  vim.cmd("Rummy ask what is this?")
  t.wait_for_status(200)
  t.equal(
    { client.id },
    vim.tbl_map(function(other)
      return other.id
    end, vim.lsp.get_clients())
  )
end
