service "app" {
  command = ["./app"]
  environment = {
    "A=B" = "c"
  }
}
