# A Go worker that drains as net/http offers it, with Server.Shutdown alone.

listener "web" {
  address = "tcp://127.0.0.1:8131"
  backlog = 1024
}

service "shutdown" {
  preset    = "go"
  command   = ["./bin/shutdown"] # go build -o bin/ ./...
  listeners = ["web"]

  ready { when = "notify" }
}
