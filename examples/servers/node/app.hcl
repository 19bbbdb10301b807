# Node: a server listens on a descriptor. On TERM it closes that and ends with its last connection.

listener "web" {
  address = "tcp://127.0.0.1:8111"
  backlog = 1024 # Node sets 511 when it starts, or what listen() is told; supervise puts it back
}

service "node" {
  preset    = "node"
  command   = ["node", "server.js", "${listener.web.fd}"]
  listeners = ["web"]

  ready {
    when    = "log"
    pattern = "^listening$"
  }
}
