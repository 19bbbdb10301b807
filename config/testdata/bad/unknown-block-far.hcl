upstream "web" {
}
listener "web" {
  address = "tcp://:8080"
}
