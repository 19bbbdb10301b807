service "app" {
  command = ["./app"]
  workers = 1
  workers = 2
}
