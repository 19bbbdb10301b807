service "app" {
  command = ["./app"]
  rollout {
    strategy = "rolling"
    max_surge = -1
    max_unavailable = "25%"
  }
}
