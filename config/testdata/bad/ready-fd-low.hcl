service "app" {
  command = ["./app"]
  ready {
    when = "newline"
    fd = 1
  }
}
