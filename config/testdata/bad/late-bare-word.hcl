service "app" {
  command = [app]
  directory = work
}
