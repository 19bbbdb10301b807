listener "web" {
  address = "tcp://:8080"
}
service "app" {
  command   = ["haproxy", "-x", "${worker.runtime_dir}/haproxy.sock", "${listener.web.fd}"]
  listeners = ["web"]
  handoff   = ["haproxy", "zerg"]
}
service "both" {
  command   = ["haproxy", "${listener.web.fd}"]
  listeners = ["web"]
  handoff   = ["haproxy", "systemd"]
}
