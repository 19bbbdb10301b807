listener "web" {
  address = "tcp://:8080"
}
metrics {
  address = "tcp://:9090"
}
