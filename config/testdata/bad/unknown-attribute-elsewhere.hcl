service "app" {
  command = ["./app"]
  backlog = 128
  settle = "1s"
  level = "info"
}
