# A static server in C with epoll: cc -O2 -static -o bin/epoll server.c

listener "web" {
  address = "tcp4://127.0.0.1:8158"
  backlog = 1024
}

service "epoll" {
  command   = ["./bin/epoll", "${listener.web.port}"]
  handoff   = ["adopt"]
  listeners = ["web"]

  ready { when = "started" }
  stop { signal = "SIGKILL" }
}
