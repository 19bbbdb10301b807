listener "web" {
  address = "tcp://:8080"
}
listener "pipe" {
  address = "pipe://app"
}
service "app" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["handles"]
}
service "both" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["handles", "systemd"]
}
control {
  address = "pipe://app"
}
