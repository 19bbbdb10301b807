listener "web" {
  address = ["tcp://:8080"]
}
listener "api" {
  address = 8080
}
listener "nul" {
  address = null
}
