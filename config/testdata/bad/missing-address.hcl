listener "web" {
}
