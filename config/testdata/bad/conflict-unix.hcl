listener "a" {
  address = "unix:///run/a.sock"
}
listener "b" {
  address = "unixgram:///run/../run/a.sock"
}
