service "app" {
  command = ["./app"]
  ready {
    when = "notfy"
  }
}
