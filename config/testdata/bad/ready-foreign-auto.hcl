service "app" {
  command = ["./app"]
  ready {
    pattern = "listening"
  }
}
