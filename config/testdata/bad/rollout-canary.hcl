listener "web" { address = "tcp://:8080" }
service "app" {
  command = ["./app"]
  listeners = ["web"]
  rollout {
    keep_old = "5m"
    canary {
      share = "5"
    }
  }
}
service "alone" {
  command = ["./app"]
  rollout {
    strategy = "rolling"
    keep_old = "5m"
    canary {
      share = "100%"
      for = "10ms"
    }
  }
}
service "odd" {
  command = ["./app"]
  rollout {
    canary {
      share = "many"
      for = "1m"
      until = "tomorrow"
    }
  }
}
