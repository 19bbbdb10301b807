workers = 2
listener "web" {
  address = "tcp://:8080"
}
