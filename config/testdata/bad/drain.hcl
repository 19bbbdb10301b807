listener "web" { address = "tcp://:8080" }
service "app" {
  command   = ["./app"]
  listeners = ["web"]
  stop { drain = "10s" }
}
service "job" {
  command = ["./job"]
  stop { drain = "1s" }
}
listener "path" { address = "unix:///run/app.sock" }
service "path" {
  command   = ["./app"]
  listeners = ["path"]
  stop { drain = "1s" }
}
service "fine" {
  command = ["./job"]
  stop { drain = "0s" }
}
