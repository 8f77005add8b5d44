--- A Neovim that lacks what came with 0.11: other ways to send requests, no `vim.lsp.config`.
return function(t)
  vim.lsp.config, vim.lsp.enable = nil, nil
  require("rummy.compat").is_0_10 = true
  -- 0.11 says so when it is asked the old way.
  vim.deprecate = function() end

  vim.cmd("Rummy ask @one what is this?")
  t.wait_for_notice("rummy one: done (200): It greets")
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act @two be polite")
  t.wait("the change", function()
    return t.marked(1)
  end)
  t.equal(1, #vim.lsp.get_clients())
  t.equal({ "@two", "@one" }, vim.fn.getcompletion("Rummy ask @", "cmdline"))
  vim.cmd("Rummy restart")
  t.wait("the change to go", function()
    return t.event("RummyProposal", function(run)
      return #run.proposals == 0
    end)
  end)
  t.wait("the change to come back", function()
    return t.marked(1)
  end)
  vim.cmd("2Rummy accept")
  t.wait("the accepted text", function()
    return t.lines()[2] == '  print("Good day, " .. name)'
  end)
end
