listener "a" { address = "tcp://:80" }
listener "b" { address = "tcp://:81" }
service "java" {
  preset    = "java"
  command   = ["java"]
  listeners = ["a", "b"]
}
