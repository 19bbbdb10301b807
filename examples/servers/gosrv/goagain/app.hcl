# A Go worker on goagain. It sends a signal to its parent when it serves, which says that it is ready.

listener "web" {
  address = "tcp://127.0.0.1:8137"
  backlog = 1024
}

service "goagain" {
  command   = ["./bin/goagain"] # go build -o bin/ ./...
  listeners = ["web"]
  handoff   = ["goagain"]

  ready { when = "notify" } # the signal to its parent counts
}
