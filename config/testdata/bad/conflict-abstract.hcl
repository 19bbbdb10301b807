listener "a" {
  address = "unix://@a"
}
listener "b" {
  address = "unix://@a"
}
