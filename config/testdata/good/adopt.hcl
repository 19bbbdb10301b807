listener "web" { address = "tcp://:8080" }
listener "admin" { address = "tcp://127.0.0.1:8081" }
listener "all" {
  address = "tcp://127.0.0.1:8082"
  sharing = "all"
}
listener "multipath" {
  address   = "tcp://127.0.0.1:8083"
  multipath = true
}
listener "shared" { address = "tcp://127.0.0.1:8084" }
listener "file" { address = "unix:///run/app.sock" }
service "app" {
  command   = ["./app", "-listen", "${listener.web.port}"]
  listeners = ["web", "admin", "all", "multipath", "shared", "file"]
  handoff   = ["adopt"]
}
service "other" {
  command   = ["./other"]
  listeners = ["shared"]
}
