listner "web" {
  address = "tcp://:8080"
}
