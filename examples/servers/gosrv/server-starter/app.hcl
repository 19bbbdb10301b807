# A Go worker that takes its listener with the package for Server::Starter.

listener "web" {
  address = "tcp://127.0.0.1:8133"
  backlog = 1024
}

service "server-starter" {
  command   = ["./bin/server-starter"] # go build -o bin/ ./...
  listeners = ["web"]
  handoff   = ["server-starter"]

  ready {
    when    = "log"
    pattern = "^listening$"
  }
}
