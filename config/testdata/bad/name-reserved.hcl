listener "unknown" {
  address = "tcp://:8080"
}
listener "stored" {
  address = "tcp://:8081"
}
listener "connection" {
  address = "tcp://:8082"
}
