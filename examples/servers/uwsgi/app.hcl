# uWSGI: it takes all sockets that LISTEN_FDS announces and says READY=1. TERM reloads it unless it is told otherwise.

listener "web" {
  address = "tcp://127.0.0.1:8105"
  backlog = 1024
}

service "uwsgi" {
  preset    = "uwsgi"
  command   = ["uwsgi", "--ini", "uwsgi.ini"]
  listeners = ["web"]
}
