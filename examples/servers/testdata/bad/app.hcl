# A server with a fault, for the tests of the bench.

listener "web" {
  address = "tcp://127.0.0.1:8199"
  backlog = 1024
}

service "bad" {
  command   = ["python3", "server.py", "FAULT"]
  listeners = ["web"]

  ready {
    when    = "log"
    pattern = "^listening$"
  }
  stop { timeout = "500ms" }
}
