listener "web" {
  address = "unix:///run/a.sock"
}
service "app" {
  command   = ["./app", "${listener.web.port}"]
  listeners = ["web"]
}
