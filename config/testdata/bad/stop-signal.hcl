service "app" {
  command = ["./app"]
  stop {
    signal = "SIGTREM"
  }
}
