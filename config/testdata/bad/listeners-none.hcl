service "app" {
  command = ["./app"]
  listeners = ["web"]
}
