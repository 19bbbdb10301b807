service "app" {
  command = ["./app"]
  workers = "two"
}
