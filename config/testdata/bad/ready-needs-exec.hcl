service "app" {
  command = ["./app"]
  ready {
    when = "exec"
  }
}
