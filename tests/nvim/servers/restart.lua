--- The server is started anew while a change is pending: by the plugin, by hand, by Neovim's own means.
local function rummy()
  return vim.lsp.get_clients({ name = "rummy" })
end

return function(t)
  vim.cmd.edit("greet.lua")
  vim.cmd("Rummy act be polite")
  t.wait_for_proposals()
  t.wait("the change", function()
    return t.marked(1)
  end)
  local first = rummy()[1].id
  local run = t.event("RummyProposal").run
  vim.cmd("Rummy log")
  local view = vim.api.nvim_get_current_buf()
  t.wait("the transcript", function()
    return t.text_of("rummy:/" .. run):find("be polite", 1, true)
  end)
  vim.cmd("wincmd p | stopinsert")
  vim.cmd.buffer("greet.lua")

  vim.cmd("Rummy restart")
  t.wait("the change to go with the server", function()
    return t.event("RummyProposal", function(other)
      return #other.proposals == 0
    end)
  end)
  t.wait("the change to come back", function()
    return t.marked(1) and rummy()[1] and rummy()[1].id ~= first
  end)

  vim.lsp.stop_client(rummy())
  t.wait("the server to end", function()
    return #rummy() == 0 and #t.drawn() == 0
  end)
  t.equal("", require("rummy").status())
  vim.cmd("Rummy next")
  t.wait_for_notice("nothing is pending in a file")
  require("rummy").setup()
  t.wait("the change to come back", function()
    return t.marked(1)
  end)

  if vim.fn.has("nvim-0.11") == 1 then
    vim.lsp.stop_client(rummy())
    t.wait("the server to end", function()
      return #rummy() == 0 and #t.drawn() == 0
    end)
    vim.lsp.enable("rummy")
    vim.cmd("doautocmd FileType")
    t.wait("the change to come back", function()
      return t.marked(1)
    end)
    t.equal(1, #rummy())
  end
  vim.cmd("2Rummy accept")
  t.wait("the accepted text", function()
    return t.lines()[2] == '  print("Good day, " .. name)'
  end)
  t.wait("the view to go on with the new server", function()
    return table.concat(t.lines(view), "\n"):find("accepted", 1, true)
  end)
end
