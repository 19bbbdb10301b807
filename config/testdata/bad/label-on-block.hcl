service "app" {
  command = ["./app"]
  stop "now" {
  }
}
