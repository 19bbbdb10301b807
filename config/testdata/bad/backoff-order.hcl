service "app" {
  command = ["./app"]
  restart {
    backoff = "1m"
  }
}
