service "app" {
  command = ["./app"]
  handoff = ["systemd", "systemd"]
}
