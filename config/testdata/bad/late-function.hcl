service "app" {
  command = ["./app", file("/etc/passwd")]
}
