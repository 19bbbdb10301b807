service "app" { command = ["./app"] workers = 2 }
service "b" {
  command = ["./b"]
  ready { when = "log" pattern = "up" }
}
