listener "web" {
  address = "tcp://:8080"
}
service "flip" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["tableflip"]
  ready {
    when = "crank"
    fd   = 4
  }
}
service "store" {
  command   = ["./app"]
  listeners = ["web"]
  fd_store  = 3
  ready {
    when = "uwsgi"
    fd   = 5
  }
}
service "stopped" {
  command = ["./app"]
  ready {
    when = "upstart"
    fd   = 5
  }
}
