service "app" {
  command = ["./app"]
  workers = cpus.count
}
