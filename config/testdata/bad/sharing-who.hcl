listener "web" {
  address = "tcp://:8080"
  sharing = "generation"
}
listener "api" {
  address = "tcp://:8081"
  sharing = "worker"
}
service "one" {
  command   = ["./one"]
  listeners = ["web"]
}
service "two" {
  command   = ["./two"]
  listeners = ["web"]
}
service "three" {
  command   = ["./three"]
  listeners = ["api"]
  rollout {
    strategy = "rolling"
  }
}
serve "away" {
  protocol  = "haproxy"
  address   = "unix:///run/away.sock"
  listeners = ["api"]
}
