service "app" {
  command = ["./app", "${1 + "x"}", "${1 / 0}"]
}
