# What Dockerfile puts into an image, as /etc/supervise/app.hcl. Other containers connect, so it is not a loopback address.

listener "web" {
  address = "tcp://:8080"
  backlog = 4096
}

service "hello" {
  command   = ["/bin/hello"]
  listeners = ["web"]

  ready { when = "notify" }
  stop  { timeout = "8s" } # docker stop waits for 10s
}

control { address = "unix:///run/supervise/app.sock" } # also where supervise does not run as root
