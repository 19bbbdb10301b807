# The HTTP server of the Python library.

listener "web" {
  address = "tcp4://127.0.0.1:8155"
  backlog = 1024
}

service "python" {
  command   = ["python3", "-m", "http.server", "${listener.web.port}", "--bind", "127.0.0.1"]
  handoff   = ["adopt"]
  listeners = ["web"]

  ready { when = "started" }
  stop { signal = "SIGKILL" }
}
