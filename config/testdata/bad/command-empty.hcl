service "a" {
  command = []
}
service "b" {
  command = [""]
}
