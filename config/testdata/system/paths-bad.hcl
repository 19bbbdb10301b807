service "app" {
  command   = ["./app"]
  directory = "C:srv"
  output    = "file://logs/app:web.log"
}
service "more" {
  command           = ["./app"]
  directory         = "what?"
  environment_files = ["app.env", "\"app\".env"]
}
