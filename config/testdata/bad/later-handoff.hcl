service "app" {
  command = ["./app"]
  handoff = ["systemd", "pingora"]
}
