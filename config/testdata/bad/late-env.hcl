service "app" {
  command = ["./app", "${env.HOEM}"]
  environment = {
    A = env.NOWHERE
  }
}
