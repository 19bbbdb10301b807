service "app" {
  command = ["./app"]
  environment = {
    A = ["b"]
    B = null
  }
}
