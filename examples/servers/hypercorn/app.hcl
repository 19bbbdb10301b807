# hypercorn: it takes the descriptor that its bind argument names.

listener "web" {
  address = "tcp://127.0.0.1:8108"
  backlog = 1024 # hypercorn sets 100 when it starts; supervise puts it back
}

service "hypercorn" {
  preset    = "hypercorn"
  command   = ["hypercorn", "--bind", "fd://${listener.web.fd}", "app:application"]
  listeners = ["web"]
}
