listener "web" {
  address = "tcp://127.0.0.1:80"
  ipv6_only = true
}
