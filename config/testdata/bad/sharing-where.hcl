listener "path" {
  address = "unix:///run/app.sock"
  sharing = "generation"
}
listener "datagrams" {
  address = "udp://:53"
  sharing = "worker"
}
listener "paths" {
  address   = "tcp://:8080"
  multipath = true
  sharing   = "generation"
}
listener "ports" {
  address    = "tcp://:8081"
  reuse_port = true
  sharing    = "worker"
}
