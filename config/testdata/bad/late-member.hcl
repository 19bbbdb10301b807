service "app" {
  command = ["./app", "${worker.id}", "${service.nam}", "${generation.number}"]
}
