service "good" {
  command = ["./good"]
  handoff = ["systemd"]
}
service "app" {
  command = ["./app"]
  user    = "no-such-user"
}
