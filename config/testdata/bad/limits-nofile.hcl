service "app" {
  command = ["./app"]
  limits {
    nofile = "unlimited"
  }
}
