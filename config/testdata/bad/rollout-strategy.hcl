service "app" {
  command = ["./app"]
  rollout {
    strategy = "blue-green"
  }
}
