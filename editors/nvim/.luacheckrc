-- Lines are stylua's.
max_line_length = false
std = "luajit"
globals = { "vim" }
