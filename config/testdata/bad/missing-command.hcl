service "app" {
}
