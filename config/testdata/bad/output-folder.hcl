service "app" {
  command = ["./app"]
  output = "file:///var/log/"
}
