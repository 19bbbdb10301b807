service "app" {
  command = ["./äpp", "日本語", "${env.NÖ}"]
}
