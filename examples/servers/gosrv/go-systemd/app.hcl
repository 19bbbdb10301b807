# A Go worker that takes its listeners with go-systemd.

listener "web" {
  address = "tcp://127.0.0.1:8132"
  backlog = 1024
}

service "go-systemd" {
  preset    = "go"
  command   = ["./bin/go-systemd"] # go build -o bin/ ./...
  listeners = ["web"]

  ready { when = "notify" }
}
