service "app" {
  command = ["./app"]
  stop {
    timeout = "1s"
  }
  stop {
    timeout = "2s"
  }
}
