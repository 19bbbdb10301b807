listener "web" {
  address = system == "windows" ? "tcp://127.0.0.1:8080" : "unix:///run/app.sock"
}
service "app" {
  command   = ["./app${system == "windows" ? ".exe" : ""}", "--system", system]
  listeners = ["web"]
  stop {
    signal = system == "windows" ? "SIGTERM" : "SIGQUIT"
  }
}
