listener "web" {
  address = "fifo:///run/a"
  pipe_size = 100
  mode = "0000"
}
