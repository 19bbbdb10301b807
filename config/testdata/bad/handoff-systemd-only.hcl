listener "web" {
  address = "tcp://:8080"
}
service "pid" {
  command    = ["./app"]
  listeners  = ["web"]
  handoff    = ["einhorn"]
  listen_pid = "omit"
}
service "store" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["einhorn"]
  fd_store  = 4
}
service "values" {
  command    = ["./app"]
  listeners  = ["web"]
  listen_pid = "self"
  fd_store   = 5000
}
