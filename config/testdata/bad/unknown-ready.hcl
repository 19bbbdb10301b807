service "app" {
  command = ["./app"]
  ready {
    tiemout = "3s"
  }
}
