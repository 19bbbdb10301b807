service "app" {
  command = ["./app", "${lisener.web.fd}"]
}
