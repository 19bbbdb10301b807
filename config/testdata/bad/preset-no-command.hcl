service "nginx" {
  preset = "nginx"
}
