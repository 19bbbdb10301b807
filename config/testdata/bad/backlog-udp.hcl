listener "web" {
  address = "udp://:53"
  backlog = 128
}
