--- Paths that can be compared. The server spells paths without links, the editor as it was given
--- them.

local M = {}

--- The path without links, whether or not there is such a file.
---@param path string
---@return string
function M.real(path)
  local parent = vim.fs.dirname(path)
  if parent == path then
    return path
  end
  return vim.uv.fs_realpath(path) or vim.fs.joinpath(M.real(parent), vim.fs.basename(path))
end

---@param uri lsp.URI
---@return string
function M.of_uri(uri)
  return M.real(vim.uri_to_fname(uri))
end

---@param bufnr integer
---@return string
function M.of_buffer(bufnr)
  return M.real(vim.api.nvim_buf_get_name(bufnr))
end

---@param path string
---@param folder string
---@return boolean
function M.is_below(path, folder)
  return vim.startswith(path, folder .. "/")
end

return M
