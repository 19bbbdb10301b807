service "app" {
  command = ["./app"]
  environment_files = "app.env"
}
