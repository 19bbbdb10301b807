service "app" {
  command = "./app --flag"
  health { exec = "./check --fast" }
}
