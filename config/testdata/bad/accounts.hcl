service "app" {
  command = ["./app"]
  user = ""
  group = "a b"
  groups = ["ok", "x:y"]
}
