listener "web" {
  address  = "tcp://:8080"
  backlog  = 64
  no_delay = true
}
listener "admin" {
  address = "unix:///run/app/admin.sock"
  mode    = "0660"
}
listener "dns" {
  address = "udp4://127.0.0.1:5353"
}
service "app" {
  command     = ["./app", "--fd", "${listener.web.fd}", "--pid-file", "${worker.runtime_dir}/pid"]
  listeners   = ["web", "admin"]
  handoff     = ["systemd"]
  workers     = 2
  environment = { PORT = "${listener.web.port}", NAME = "${service.name}-${generation}-${worker.index}" }
  ready { when = "newline" }
}
service "dns" {
  command    = ["/usr/sbin/dnsd"]
  listeners  = ["dns"]
  handoff    = ["stdin"]
  user       = "root"
  depends_on = ["app"]
  output     = "inherit"
}
