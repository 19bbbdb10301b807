service "app" {
  command = ["./app"]
  ready = {}
  limits = { nofile = 10 }
}
