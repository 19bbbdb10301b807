service "app" {
  command = [./app]
}
