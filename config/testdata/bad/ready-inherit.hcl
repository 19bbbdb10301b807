service "app" {
  command = ["./app"]
  output = "inherit"
  ready {
    when = "log"
    pattern = "ready"
  }
}
