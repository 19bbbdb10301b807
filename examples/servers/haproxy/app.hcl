# HAProxy: it takes the descriptor that its bind line names (fd@), says READY=1, and stops softly on USR1.

listener "web" {
  address = "tcp://127.0.0.1:8102"
  backlog = 1024
}

service "haproxy" {
  preset      = "haproxy"
  handoff     = ["none"] # the default is "haproxy": a socket for -x
  command     = ["haproxy", "-Ws", "-f", "haproxy.cfg"]
  environment = { WEB = "${listener.web.fd}" }
  listeners   = ["web"]

  rollout { bake = "1s" } # its master misses USR1 for a moment after READY=1
}
