service "app" {
  command = ["./app"]
  output = "prefx"
}
