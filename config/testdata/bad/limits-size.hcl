service "app" {
  command = ["./app"]
  limits {
    core = "99999999TiB"
  }
}
