service "app" {
  command = ["./app"]
  ready {
    when = "http"
    url = "http://127.0.0.1:${9000 + 60000}/"
  }
}
