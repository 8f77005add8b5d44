--- The default keys, for those who ask for them with `keys = true`. A key that is mapped already stays as
--- it is.

local M = {}

local KEYS = {
  { "n", "]r", "next" },
  { "n", "[r", "prev" },
  { { "n", "x" }, "<Leader>ra", "act" },
  { { "n", "x" }, "<Leader>rq", "ask" },
  { { "n", "x" }, "<Leader>ry", "accept" },
  { { "n", "x" }, "<Leader>rn", "reject" },
  { "n", "<Leader>rY", "accept-file" },
  { "n", "<Leader>rN", "reject-file" },
  { "n", "<Leader>rd", "diff" },
  { "n", "<Leader>re", "edit" },
  { "n", "<Leader>ru", "undo" },
  { "n", "<Leader>rr", "review" },
  { "n", "<Leader>rl", "log" },
  { "n", "<Leader>rs", "runs" },
  { "n", "<Leader>rx", "abort" },
}

function M.map()
  for _, key in ipairs(KEYS) do
    local modes, lhs, name = key[1], key[2], key[3]
    for _, mode in ipairs(type(modes) == "table" and modes or { modes }) do
      if vim.fn.maparg(lhs, mode) == "" then
        vim.keymap.set(mode, lhs, ("<Plug>(rummy-%s)"):format(name), { desc = "Rummy: " .. name })
      end
    end
  end
end

return M
