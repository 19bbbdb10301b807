service "app" {
  command = ["./app", listener, env]
}
