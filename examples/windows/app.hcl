# The Go worker of examples/hello, on Windows and everywhere else: see README.md.

listener "web" {
  address = "tcp://127.0.0.1:8080"
  backlog = 4096
}

service "hello" {
  command   = ["./hello"]
  listeners = ["web"]

  ready { when = "notify" }
}
