--- A model's questions: by choosing, by another answer, later.
return function(t)
  vim.cmd.edit("greet.lua")
  local first = t.choose("strangers")
  vim.cmd("Rummy ask which greeting?")
  t.wait("the question", function()
    return first.prompt
  end)
  assert(first.prompt:find("asks: For whom?", 1, true), first.prompt)
  t.equal({ "friends", "strangers", "Another answer…" }, first.items)

  -- Dismissed, it waits, and is not asked again by itself.
  local second = t.choose("nothing of this")
  t.wait("the second question", function()
    return second.prompt
  end)
  local third = t.choose("Another", "the whole world")
  vim.cmd("Rummy review")
  vim.cmd("1Rummy accept")
  vim.cmd.cclose()
  t.equal("Another answer…", third.items[3])

  -- Without options there is a line to write.
  vim.ui.input = function(options, answer)
    assert(options.prompt:find("asks: How?", 1, true), options.prompt)
    answer("loudly")
  end
  t.wait_for_status(200)
  vim.cmd("Rummy answer")
  t.wait_for_notice("nothing is asked")
end
