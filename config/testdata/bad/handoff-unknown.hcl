service "app" {
  command = ["./app"]
  handoff = ["systmd", "magic"]
}
