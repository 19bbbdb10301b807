listner "web" { address = "tcp://:8080" }
service "app" {
  command = ["./app"]
  worker  = 2
}
