# A Go worker on grace. It sends TERM to its parent when it serves: a small parent of its own, to which that says that it is ready.

listener "web" {
  address = "tcp://127.0.0.1:8136" # the same as the worker asks for
  backlog = 1024
}

service "grace" {
  command   = ["./bin/grace", "${listener.web.host}:${listener.web.port}"] # go build -o bin/ ./...
  listeners = ["web"]
  handoff   = ["grace"]

  ready { when = "notify" } # the signal to its parent counts
}
