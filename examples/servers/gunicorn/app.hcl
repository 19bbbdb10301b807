# gunicorn: it takes all sockets that LISTEN_FDS announces and says READY=1. TERM lets it finish; QUIT does not.

listener "web" {
  address = "tcp://127.0.0.1:8106"
  backlog = 1024 # gunicorn sets 2048 when it starts; supervise puts it back
}

service "gunicorn" {
  preset    = "gunicorn"
  command   = ["gunicorn", "--workers", "2", "app:application"]
  listeners = ["web"]
}
