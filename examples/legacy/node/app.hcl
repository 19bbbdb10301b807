# A Node server that handles no signal.

listener "web" {
  address = "tcp4://127.0.0.1:8153"
  backlog = 1024
}

service "node" {
  command   = ["node", "server.js", "${listener.web.port}"]
  handoff   = ["adopt"]
  listeners = ["web"]

  ready { when = "started" }
  stop { signal = "SIGKILL" }
}
