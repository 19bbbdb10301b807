listener "web" {
  address = "tcp://:8080"
}
service "told" {
  command     = ["./app"]
  listeners   = ["web"]
  handoff     = ["none"]
  environment = { LISTEN_FD = listener.web.fd }
}
service "untold" {
  command   = ["./app", "3"]
  listeners = ["web"]
  handoff   = ["none"]
}
