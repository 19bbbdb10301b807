service "app" {
  command = ["./app"]
  workers = 1001
}
