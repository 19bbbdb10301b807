# Python's own http.server, given a descriptor. On TERM it stops accepting and ends with its last answer.

listener "web" {
  address = "tcp://127.0.0.1:8115"
  backlog = 1024
}

service "python" {
  preset    = "python"
  command   = ["python3", "server.py", "${listener.web.fd}"]
  listeners = ["web"]

  ready {
    when    = "log"
    pattern = "^listening$"
  }
}
