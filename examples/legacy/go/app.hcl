# A static Go server with nothing but ListenAndServe: CGO_ENABLED=0 go build -o bin/go main.go

listener "web" {
  address = "tcp4://127.0.0.1:8157"
  backlog = 1024
}

service "go" {
  command   = ["./bin/go", "127.0.0.1:${listener.web.port}"]
  handoff   = ["adopt"]
  listeners = ["web"]

  ready { when = "started" }
  stop { signal = "SIGKILL" }
}
