service "app" {
  command = ["./app"]
  ready {
    when = "log"
    pattern = ""
  }
}
