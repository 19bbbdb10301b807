service "app" {
  command = ["./app"]
  stop {
    timeout = ["5s"]
  }
}
