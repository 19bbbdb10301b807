# uvicorn with a shutdown of its own (serve.py), so that it loses no connection.

listener "web" {
  address = "tcp://127.0.0.1:8118"
  backlog = 1024 # uvicorn sets 2048 when it starts; supervise puts it back
}

service "uvicorn-drain" {
  preset    = "uvicorn"
  command   = ["/usr/bin/python3", "serve.py", "--fd", "${listener.web.fd}"]
  listeners = ["web"]
}
