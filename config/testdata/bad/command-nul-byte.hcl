service "a" {
  command = ["./a\u0000b"]
}
