service "app" {
  command = ["./app"]
  workers = env.WORKERS
  user = env.HOEM
}
