listener "web" { address = "tcp://:8080" }
listener "dns" { address = "udp://:53" }
listener "log" { address = "fifo:///run/log" }
service "both" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["systemd", "adopt", "einhorn"]
}
service "nothing" {
  command = ["./app"]
  handoff = ["adopt"]
}
service "networks" {
  command   = ["./app"]
  listeners = ["dns", "log"]
  handoff   = ["adopt"]
}
service "number" {
  command   = ["./app", "--fd", "${listener.web.fd}"]
  listeners = ["web"]
  handoff   = ["adopt"]
  fd_store  = 2
}
