service "app" {
  command = ["./app"]
  stop {
    signal = 32
  }
}
