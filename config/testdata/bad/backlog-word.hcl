listener "web" {
  address = "tcp://:8080"
  backlog = "many"
}
