listener "a" {
  address = "tcp://:8080"
  reuse_port = true
}
listener "b" {
  address = "tcp://:8080"
}
