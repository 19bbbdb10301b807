service "app" {
  command = ["./app"]
  limits {
    memory_max = "1GiB"
    cpu_max = "200%"
    pids_max = 100
  }
}
