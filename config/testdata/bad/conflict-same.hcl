listener "a" {
  address = "tcp://:8080"
}
listener "b" {
  address = "tcp://[::]:8080"
}
