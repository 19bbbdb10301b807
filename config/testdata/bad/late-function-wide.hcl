service "app" {
  command = ["./app", format("%99999d", 1)]
}
