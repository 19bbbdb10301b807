service "app" {
  command = ["./app", ["a", "b"][worker.index]]
  workers = 3
}
