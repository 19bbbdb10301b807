listener "web" {
  address = "unix:///run/a.sock"
  mode = "rw-rw----"
  owner = "a:b"
  group = ""
}
