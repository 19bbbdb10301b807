listener "web" {
  address = "tcp://:8080"
  take_from = "x"
  sharing = "generation"
}
