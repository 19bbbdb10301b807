service "drive" {
  command           = ["./app"]
  directory         = "C:/srv/app"
  output            = "file://D:\\logs\\app.log"
  environment_files = ["-C:\\app.env"]
}
service "share" {
  command   = ["./app"]
  directory = "\\\\files\\srv\\app"
  output    = "file://logs/..//app.log"
}
service "root" {
  command           = ["./app"]
  directory         = "/srv/./app/"
  environment_files = ["..\\app.env"]
}
