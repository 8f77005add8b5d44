--- Without the plugin: a comment asks, and the model asks back.
return function(t)
  local asked
  vim.ui.select = function(items, options, choose)
    asked = { options.prompt, vim.tbl_map(options.format_item or tostring, items) }
    choose(items[2], 2)
  end
  local ended = false
  vim.api.nvim_create_autocmd("LspProgress", {
    pattern = "end",
    callback = function()
      ended = true
    end,
  })
  vim.cmd.edit("greet.lua")
  t.start_plain()
  t.type("ggO-- AI? which greeting is better<Esc>")
  t.code_action("refactor.rewrite.rummy", "Ask Rummy: which greeting is better")
  t.wait("the run to end", function()
    return ended
  end)
  assert(asked[1]:find("asks: For whom?", 1, true), asked[1])
  t.equal({ "friends", "strangers" }, asked[2])
end
