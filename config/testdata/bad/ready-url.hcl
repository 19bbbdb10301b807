service "app" {
  command = ["./app"]
  ready {
    when = "http"
    url = "127.0.0.1:8080/health"
  }
}
