listener "web" {
  address = "tcp://:8080"
  backlog = 4096
}
service "app" {
  command   = ["./app"]
  listeners = ["web"]
}
