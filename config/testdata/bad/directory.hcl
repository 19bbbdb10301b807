service "app" {
  command = ["./app"]
  directory = ""
}
