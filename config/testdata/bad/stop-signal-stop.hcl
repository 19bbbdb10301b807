service "app" {
  command = ["./app"]
  stop {
    signal = "STOP"
  }
}
