# uWSGI: it takes all sockets that LISTEN_FDS announces. TERM reloads it unless it is told otherwise, which it heeds after its READY=1.

listener "web" {
  address = "tcp://127.0.0.1:8105"
  backlog = 1024
}

service "uwsgi" {
  preset    = "uwsgi"
  command   = ["uwsgi", "--ini", "uwsgi.ini"]
  listeners = ["web"]

  ready {
    when    = "log"
    pattern = "^TERM is graceful$"
  }
}
