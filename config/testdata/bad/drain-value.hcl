service "app" {
  command = ["./app"]
  stop { drain = "soon" }
}
