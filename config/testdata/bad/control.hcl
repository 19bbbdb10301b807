listener "web" {
  address = "tcp://:8080"
}
control {
  address = "tcp://:1"
  mode = 660
  group = ""
}
