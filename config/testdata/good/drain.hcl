listener "web" { address = "tcp4://:8080" }
listener "also" { address = "tcp4://:8081" }
listener "more" { address = "tcp4://:8082" }
service "default" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["adopt"]
  stop { signal = "SIGKILL" } # loses nothing: it is sent when there are no connections
}
service "written" {
  command   = ["./app"]
  listeners = ["also"]
  handoff   = ["adopt"]
  stop { drain = "5m" }
}
service "none" {
  command   = ["./app"]
  listeners = ["more"]
  handoff   = ["adopt"]
  stop { drain = "0s" }
}
listener "beside" {
  address = "tcp4://:8083"
  sharing = "generation"
}
listener "path" { address = "unix:///run/app.sock" }
service "mixed" { # waits for the connections of the first one
  command   = ["./app"]
  listeners = ["beside", "path"]
}
