listener "a" {
  address = "vsock://:5000"
}
listener "b" {
  address = "vsock://2:5000"
}
