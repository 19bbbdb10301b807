service "app" {
  command = ["./app"]
  handoff = ["systemd", "nginx", "php-fpm", "tableflip", "none"]
}
