# A Go worker on overseer, as the program that its master runs. USR2 lets it finish.

listener "web" {
  address = "tcp://127.0.0.1:8138"
  backlog = 1024
}

service "overseer" {
  command   = ["./bin/overseer", "${listener.web.host}:${listener.web.port}"] # go build -o bin/ ./...
  listeners = ["web"]
  handoff   = ["overseer"]

  ready {
    when    = "log"
    pattern = "^listening$"
  }
  stop { signal = "SIGUSR2" }
}
