service "a" {
  command    = ["x"]
  depends_on = ["b"]
}
service "b" {
  command    = ["x"]
  depends_on = ["c"]
}
service "c" {
  command    = ["x"]
  depends_on = ["a"]
}
service "d" {
  command    = ["x"]
  depends_on = ["a"]
}
