# A Go worker on fdpass/worker. Change main.go, then `supervise restart hello` is a deploy: it builds, starts, checks and switches.

listener "web" {
  address = "tcp://127.0.0.1:8080"
  backlog = 4096
}

service "hello" {
  command   = ["./bin/hello"]
  listeners = ["web"]

  ready { when = "notify" }

  hooks {
    before_start = ["go", "build", "-o", "bin/", "."]
  }
}
