# A Go worker on fdpass/worker: Serve loses no connection.

listener "web" {
  address = "tcp://127.0.0.1:8130"
  backlog = 1024
}

service "worker" {
  preset    = "go"
  command   = ["./bin/worker"] # go build -o bin/ ./...
  listeners = ["web"]

  ready { when = "notify" }
}
