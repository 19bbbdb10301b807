service "app" {
  command = ["./app"]
  output = "/var/log/app.log"
}
