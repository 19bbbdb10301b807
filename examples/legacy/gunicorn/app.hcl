# gunicorn with its own socket.

listener "web" {
  address = "tcp4://127.0.0.1:8156"
  backlog = 1024
}

service "gunicorn" {
  command   = ["gunicorn", "--bind", "127.0.0.1:${listener.web.port}", "app:app"]
  handoff   = ["adopt"]
  listeners = ["web"]

  ready { when = "started" }
  stop { signal = "SIGKILL" }
}
