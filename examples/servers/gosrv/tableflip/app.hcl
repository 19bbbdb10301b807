# A Go worker on tableflip: it is told to be the successor of a process. TERM ends it, HUP would have it start one itself.

listener "web" {
  address = "tcp://127.0.0.1:8134" # the same as the worker asks for
  backlog = 1024
}

service "tableflip" {
  preset    = "tableflip"
  command   = ["./bin/tableflip", "${listener.web.host}:${listener.web.port}"] # go build -o bin/ ./...
  listeners = ["web"]
}
