listener "web" {
  address = "tcp://:8080"
  sharing = "generation"
}
service "app" {
  command   = ["./app"]
  listeners = ["web"]
  rollout {
    keep_old = "5m"
    canary {
      share = "2.5%"
      for   = "10m"
    }
  }
}
