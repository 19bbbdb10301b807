service "app" {
  command = ["./app"]
  restart {
    when = "on_failure"
  }
}
