# A Go worker on endless. It sends TERM to its parent when it serves: a small parent of its own, to which that says that it is ready.

listener "web" {
  address = "tcp://127.0.0.1:8135"
  backlog = 1024
}

service "endless" {
  command   = ["./bin/endless", "${listener.web.host}:${listener.web.port}"] # go build -o bin/ ./...
  listeners = ["web"]
  handoff   = ["endless"]

  ready { when = "notify" } # the signal to its parent counts
}
