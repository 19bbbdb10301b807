service "app" {
  command = ["./app"]
  output = "file"
}
