service "app" {
  command = ["./app"]
  ready {
    when = "http"
    url = "tcp://127.0.0.1:8080"
  }
}
