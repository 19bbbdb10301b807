# Sockets that come from others, and go to others.
listener "web" {
  address   = "tcp://:8080"
  take_from = "pidfile:run/nginx.pid"
}
listener "api" {
  address   = "tcp://127.0.0.1:8081"
  take_from = "pid:1234"
}
listener "old" {
  address   = "unix:///run/old.sock"
  take_from = "haproxy:@admin"
}
listener "dns" {
  address   = "udp://:0"
  take_from = "s6-fdholder:/run/service/holder/s"
}
listener "mail" {
  address   = "tcp://:25"
  take_from = "s6-fdholder:/run/service/holder/s#smtp#1"
}
serve "holder" {
  protocol  = "s6-fdholder"
  address   = "unix://run/holder.sock"
  listeners = ["web", "dns"]
  mode      = "0660"
  group     = "deploy"
  users     = ["www-data", 33]
  store     = ["app.*", "*"]
}
serve "zerg" {
  protocol  = "zerg"
  address   = "unix://@zerg"
  listeners = ["web"]
}
