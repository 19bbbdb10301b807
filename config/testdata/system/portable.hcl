listener "web" {
  address        = "tcp://:8080"
  backlog        = 4096
  keepalive_idle = "30s"
}
listener "dns" {
  address = "udp://:53"
}
service "app" {
  command           = ["./app", "--port", "${listener.web.port}"]
  listeners         = ["web", "dns"]
  handoff           = ["systemd", "einhorn", "systemfd"]
  workers           = 2
  nice              = 5
  environment_files = ["-app.env"]
  output            = "file://logs/app.log"
  directory         = "/srv/app"
  ready {
    when    = "log"
    pattern = "serving"
  }
  stop {
    signal  = "SIGINT"
    timeout = "10s"
  }
  health {
    http = "http://127.0.0.1:8080/healthz"
  }
}
service "by-default" {
  command   = ["./app"]
  listeners = ["web"]
}
service "silent" {
  command   = ["./app", "--handle", "${listener.web.fd}"]
  listeners = ["web"]
  handoff   = ["none"]
}
service "known" {
  preset    = "go"
  command   = ["./app"]
  listeners = ["web"]
}
log {
  format = "json"
}
