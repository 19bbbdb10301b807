listener {
  address = "tcp://:8080"
}
