service "database" {
  command = ["db"]
}
service "app" {
  command = ["./app"]
  depends_on = ["databse"]
}
