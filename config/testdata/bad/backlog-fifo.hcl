listener "web" {
  address = "fifo:///run/a.fifo"
  backlog = 5
}
