service "app" {
  command = "./app --flag"
}
