service "app" {
  command = ["./app"]
  handoff = ["systemd", "adopt", "pingora", "systemfd"]
}
