service "app" {
  command = ["./app"]
  depends_on = ["app"]
}
