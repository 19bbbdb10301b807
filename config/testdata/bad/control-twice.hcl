listener "web" {
  address = "tcp://:8080"
}
log {
}
log {
}
