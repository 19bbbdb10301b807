service "app" {
  command = ["./app"]
  ready {
    when = "exec"
    command = "curl -f localhost"
  }
}
