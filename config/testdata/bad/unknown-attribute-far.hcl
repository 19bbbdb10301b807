service "app" {
  command = ["./app"]
  xyzzy = 1
}
