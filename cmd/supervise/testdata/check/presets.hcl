listener "web" {
  address   = "tcp://127.0.0.1:8080"
  take_from = "pidfile:/run/nginx.pid"
}
listener "api" {
  address = "tcp://:8081"
}
service "proxy" {
  preset    = "h2o"
  command   = ["h2o", "-m", "daemon", "-c", "h2o.conf"]
  listeners = ["web"]
}
service "wsgi" {
  preset    = "gunicorn"
  command   = ["gunicorn", "app:application"]
  listeners = ["api"]
  stop { signal = "QUIT" }
}
serve "holder" {
  protocol  = "s6-fdholder"
  address   = "unix:///run/app/fdholder.sock"
  listeners = ["web", "api"]
  mode      = "0660"
  group     = "deploy"
  users     = ["www-data"]
  store     = ["app.*"]
}
serve "zerg" {
  protocol  = "zerg"
  address   = "unix://@zerg"
  listeners = ["api"]
}
