listener "web" {
  address = "tcp://:8080"
}
service "app" {
  command = ["./app"]
  workers = worker.index
  user = service.name
  output = "file://${listener.web.port}"
}
