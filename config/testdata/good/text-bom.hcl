service "app" {
  command = ["./app"]
}
