listener "a" {
  address = "tcp://:8080"
}
listener "b" {
  address = "tcp4://127.0.0.1:8080"
}
