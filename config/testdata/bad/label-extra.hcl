listener "a" "b" {
  address = "tcp://:8080"
}
