service "app" {
  command = ["./app"]
  restart {
    backoff = "10s"
    backoff_max = "1s"
  }
}
