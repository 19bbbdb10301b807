service "app" {
  command = ["./app"]
  ready {
    when = "notify"
    settle = "1s"
    interval = "1s"
    fd = 5
    pattern = "x"
    url = "http://127.0.0.1/"
    command = ["x"]
  }
}
