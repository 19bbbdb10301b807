listener "web" {
  address = "unix:///run/web.sock"
}
listener "admin" {
  address   = "tcp://:8080"
  take_from = "s6-fdholder:/run/holder.sock#admin"
}
control {
  address = "unix:///run/control.sock"
}
serve "listener" {
  protocol  = "zerg"
  address   = "unix:///run/web.sock"
  listeners = ["web"]
}
serve "control" {
  protocol  = "zerg"
  address   = "unix:///run/control.sock"
  listeners = ["web"]
}
serve "holder" {
  protocol  = "s6-fdholder"
  address   = "unix:///run/holder.sock"
  listeners = ["web"]
}
serve "again" {
  protocol  = "zerg"
  address   = "unix:///run/holder.sock"
  listeners = ["web"]
}
