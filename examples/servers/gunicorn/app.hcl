# gunicorn: it takes all sockets that LISTEN_FDS announces. TERM lets it finish; QUIT does not. Its READY=1 comes before its workers.

listener "web" {
  address = "tcp://127.0.0.1:8106"
  backlog = 1024 # gunicorn sets 2048 when it starts; supervise puts it back
}

service "gunicorn" {
  preset    = "gunicorn"
  command   = ["gunicorn", "app:application"] # and gunicorn.conf.py
  listeners = ["web"]

  ready {
    when    = "log"
    pattern = "^all workers listen to TERM$"
  }
}
