listener "a" {
  address = "unix:///run/a.sock"
}
control {
  address = "unix:///run/a.sock"
}
