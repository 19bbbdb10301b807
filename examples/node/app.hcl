# A Node worker that needs only Node: it listens on descriptor 3 and says "listening" when it does.

listener "web" {
  address = "tcp://127.0.0.1:8082"
  backlog = 4096
}

service "hello" {
  command   = ["node", "hello.js"]
  listeners = ["web"]
  workers   = 2

  ready {
    when    = "log"
    pattern = "^listening$"
  }
}
