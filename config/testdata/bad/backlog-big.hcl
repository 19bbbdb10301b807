listener "web" {
  address = "tcp://:8080"
  backlog = 2147483648
}
