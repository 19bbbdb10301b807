listener "web" {
  address = "tcp://:8080"
}
log {
  level = "warning"
  format = "xml"
}
