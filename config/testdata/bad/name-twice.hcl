listener "web" {
  address = "tcp://:8080"
}
listener "web" {
  address = "tcp://:8081"
}
service "a" {
  command = ["./a"]
}
service "a" {
  command = ["./a"]
}
