listener "web" {
  address = "tcp://:8080"
}
service "app" {
  command = ["./app", "${listener.wbe.fd}"]
}
