listener "web" {
  address = "tcp://:8080"
}
listener "api" {
  address = "tcp://:8081"
}
service "app" {
  command = ["./app"]
  listeners = ["web", "api"]
  handoff = ["systemd", "stdin"]
}
