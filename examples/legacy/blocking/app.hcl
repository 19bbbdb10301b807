# A server in C that serves one connection at a time: cc -O2 -o bin/blocking server.c

listener "web" {
  address = "tcp4://127.0.0.1:8159"
  backlog = 1024
}

service "blocking" {
  command   = ["./bin/blocking", "${listener.web.port}"]
  handoff   = ["adopt"]
  listeners = ["web"]

  ready { when = "started" }
  stop { signal = "SIGKILL" }
}
