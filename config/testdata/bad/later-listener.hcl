listener "web" {
  address = "tcp://:8080"
  sharing = "generation"
}
