listener "web" {
  address = "tcp://:8080"
}
service "none" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["systemd", "none"]
}
service "tableflip" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["systemd", "tableflip", "einhorn"]
}
service "parents" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["endless", "goagain", "nghttpx"]
}
service "uwsgi" {
  command   = ["uwsgi"]
  listeners = ["web"]
  handoff   = ["uwsgi"]
}
