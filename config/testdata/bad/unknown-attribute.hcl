listener "web" {
  adress = "tcp://:8080"
  address = "tcp://:8080"
}
