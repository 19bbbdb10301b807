service "my app" {
  command = ["./app"]
}
