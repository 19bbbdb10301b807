listener "web" {
  address = "unixgram:///run/a.sock"
  backlog = "max"
}
