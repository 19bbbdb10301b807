# fine
listener "wÿ" {
}
