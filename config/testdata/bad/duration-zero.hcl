service "app" {
  command = ["./app"]
  ready {
    timeout = "0s"
    interval = "1ms"
  }
}
