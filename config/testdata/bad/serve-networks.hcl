listener "web" {
  address = "tcp://:8080"
}
listener "dns" {
  address = "udp://:53"
}
listener "queue" {
  address = "fifo:///run/app.fifo"
}
serve "haproxy" {
  protocol  = "haproxy"
  address   = "unix:///run/haproxy.sock"
  listeners = ["web", "dns"]
}
serve "zerg" {
  protocol  = "zerg"
  address   = "unix:///run/zerg.sock"
  listeners = ["web", "dns", "queue"]
}
serve "multibinder" {
  protocol  = "multibinder"
  address   = "unix:///run/multibinder.sock"
  listeners = ["queue"]
}
serve "holder" {
  protocol  = "s6-fdholder"
  address   = "unix:///run/holder.sock"
  listeners = ["web", "dns", "queue"]
}
