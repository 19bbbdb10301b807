# Redis, without a file that two of its lives would share.

listener "web" {
  address = "tcp4://127.0.0.1:8152"
  backlog = 1024
}

service "redis" {
  command   = ["redis-server", "--port", "${listener.web.port}", "--bind", "127.0.0.1", "--save", ""]
  handoff   = ["adopt"]
  listeners = ["web"]

  ready { when = "started" }
  stop { signal = "SIGKILL" }
}
