service "a" {
  command = null
}
service "b" {
  command = ["./b", null]
}
service "c" {
  command = ["./c", ["d"]]
}
