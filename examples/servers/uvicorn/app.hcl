# uvicorn: it takes the descriptor that --fd names.

listener "web" {
  address = "tcp://127.0.0.1:8107"
  backlog = 1024 # uvicorn sets 2048 when it starts; supervise puts it back
}

service "uvicorn" {
  preset    = "uvicorn"
  command   = ["uvicorn", "--no-access-log", "--fd", "${listener.web.fd}", "app:application"]
  listeners = ["web"]
}
