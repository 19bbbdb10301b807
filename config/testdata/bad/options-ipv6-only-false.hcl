listener "web" {
  address = "tcp6://:80"
  ipv6_only = false
}
