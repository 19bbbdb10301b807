listener "web" {
  address = "unix:///run/a.sock"
  mode = 0660
}
