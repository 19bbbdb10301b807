service "app" {
  command = ["./app"]
  rollout {
    max_surge = 2
    max_unavailable = 1
  }
}
