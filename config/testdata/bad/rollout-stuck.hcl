service "app" {
  command = ["./app"]
  rollout {
    strategy = "rolling"
    max_surge = 0
  }
}
