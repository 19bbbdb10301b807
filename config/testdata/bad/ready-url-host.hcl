service "app" {
  command = ["./app"]
  ready {
    when = "http"
    url = "http:///health"
  }
}
