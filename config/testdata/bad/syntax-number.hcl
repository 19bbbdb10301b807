service "app" {
  command = ["./app", 1e999999999]
}
