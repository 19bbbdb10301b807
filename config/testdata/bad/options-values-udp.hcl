listener "web" {
  address = "udp://:53"
  broadcast = []
}
