listener "" {
  address = "tcp://:8080"
}
listener "-web" {
  address = "tcp://:8081"
}
listener "a:b" {
  address = "tcp://:8082"
}
listener "a b" {
  address = "tcp://:8083"
}
listener "é" {
  address = "tcp://:8084"
}
listener "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" {
  address = "tcp://:8085"
}
listener "a/b" {
  address = "tcp://:8086"
}
