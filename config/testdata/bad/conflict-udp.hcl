listener "a" {
  address = "udp://0.0.0.0:53"
}
listener "b" {
  address = "udp://127.0.0.1:53"
}
