listener "web" {
  address = "unix:///run/a.sock"
  mode = "1777"
}
