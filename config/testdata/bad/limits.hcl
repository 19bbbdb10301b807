service "app" {
  command = ["./app"]
  limits {
    nofile = "lots"
    nproc = "10:5"
    core = "5 MB"
  }
}
