listener "web" {
  address = "tcp://:8080"
}
service "app" {
  command = ["./app"]
  listeners = ["web"]
  ready {
    when = "newline"
    fd = 3
  }
}
