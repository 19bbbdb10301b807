listener "web" { address = "tcp://:8080" }
listener "one" { address = "tcp://127.0.0.1:8081" }
listener "any" { address = "tcp4://:0" }
service "app" {
  command   = ["./app"]
  listeners = ["web"]
  ready {
    when = "http"
    url  = "http://127.0.0.1:${listener.web.port}/healthz"
  }
}
service "name" {
  command   = ["./app"]
  listeners = ["one"]
  ready {
    when = "http"
    url  = "http://localhost:8081/healthz"
  }
}
service "port-zero" {
  command   = ["./app"]
  listeners = ["any"]
  ready {
    when = "http"
    url  = "http://127.0.0.1:${listener.any.port}/healthz"
  }
}
service "own-port" {
  command   = ["./app"]
  listeners = ["web"]
  ready {
    when = "http"
    url  = "http://127.0.0.1:${9000 + worker.index}/healthz"
  }
}
service "other-host" {
  command   = ["./app"]
  listeners = ["one"]
  ready {
    when = "http"
    url  = "http://10.0.0.1:8081/healthz"
  }
}
service "not-its-own" {
  command = ["./app"]
  ready {
    when = "http"
    url  = "http://127.0.0.1:8081/healthz"
  }
}
service "health" {
  command   = ["./app"]
  listeners = ["one"]
  health { http = "http://127.0.0.1:8081/healthz" }
}
