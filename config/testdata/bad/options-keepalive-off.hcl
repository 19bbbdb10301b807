listener "web" {
  address = "tcp://:8080"
  keepalive = false
  keepalive_idle = "5s"
  keepalive_count = 3
}
