# lighttpd: it looks for its address among the sockets that LISTEN_FDS announces. INT lets it finish, TERM does not.

listener "web" {
  address = "tcp://127.0.0.1:8103" # the same as in lighttpd.conf
  backlog = 1024
}

service "lighttpd" {
  preset    = "lighttpd"
  command   = ["lighttpd", "-D", "-f", "lighttpd.conf"]
  listeners = ["web"]
}
