# What supervise.service runs: install it as /etc/supervise/app.hcl, and a worker as /usr/local/bin/hello (../hello).

listener "web" {
  address = "tcp://127.0.0.1:8084"
  backlog = 4096
}

service "hello" {
  command   = ["/usr/local/bin/hello"]
  listeners = ["web"]

  ready { when = "notify" }
}
