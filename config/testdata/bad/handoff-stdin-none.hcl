service "app" {
  command = ["./app"]
  handoff = ["stdin"]
}
