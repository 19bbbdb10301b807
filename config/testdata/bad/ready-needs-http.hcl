service "app" {
  command = ["./app"]
  ready {
    when = "http"
  }
}
