listener "number" {
  address   = "tcp://:8001"
  take_from = 1234
}
listener "process" {
  address   = "tcp://:8002"
  take_from = "pid:nginx"
}
listener "file" {
  address   = "tcp://:8003"
  take_from = "/run/nginx.pid"
}
listener "kind" {
  address   = "tcp://:8004"
  take_from = "pidfil:/run/nginx.pid"
}
listener "other" {
  address   = "tcp://:8005"
  take_from = "envoy:/run/envoy.sock"
}
listener "empty" {
  address   = "tcp://:8006"
  take_from = "haproxy:"
}
listener "identifier" {
  address   = "tcp://:8007"
  take_from = "s6-fdholder:/run/fdholder.sock#"
}
listener "type" {
  address   = "tcp://:8008"
  take_from = ["pid:1"]
}
listener "long" {
  address   = "tcp://:8009"
  take_from = "haproxy:/run/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/haproxy.sock"
}
listener "fifo" {
  address   = "fifo:///run/app.fifo"
  take_from = "pid:1234"
}
listener "port" {
  address   = "tcp://:0"
  take_from = "pid:1234"
}
listener "datagrams" {
  address   = "udp://:53"
  take_from = "haproxy:/run/haproxy.sock"
}
