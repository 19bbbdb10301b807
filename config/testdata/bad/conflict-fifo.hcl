listener "a" {
  address = "unix:///run/a.sock"
}
listener "b" {
  address = "fifo:///run/a.sock"
}
