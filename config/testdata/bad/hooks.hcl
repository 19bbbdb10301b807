service "app" {
  command = ["./app"]
  hooks {
    before_start = "migrate"
    after_start = ["x"]
    after_stop = []
  }
}
