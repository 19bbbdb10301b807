service "unknown" {
  command = ["./app"]
  preset  = "cobol"
}
service "close" {
  command = ["nginx"]
  preset  = "ngnix"
}
service "alias" {
  command = ["apache2"]
  preset  = "apache2"
}
service "list" {
  command = ["./app"]
  preset  = ["nginx"]
}
