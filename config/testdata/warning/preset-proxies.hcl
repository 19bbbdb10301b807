listener "web" {
  address = "tcp://:8080"
}
listener "local" {
  address = "tcp://127.0.0.1:8081"
}
listener "second" {
  address = "tcp://127.0.0.2:8081"
}
listener "path" {
  address = "unix:///run/app.sock"
}
listener "name" {
  address = "unix://@app"
}
service "nginx" {
  preset    = "nginx"
  command   = ["nginx", "-c", "/etc/nginx.conf"]
  listeners = ["local", "web"]
  stop { signal = "TERM" }
}
service "replaced" {
  preset    = "nginx"
  command   = ["nginx"]
  listeners = ["local"]
  rollout { strategy = "replace" }
}
service "angie" {
  preset    = "angie"
  command   = ["angie", "-g", "pid /run/angie.pid;"]
  listeners = ["path"]
}
service "haproxy" {
  preset    = "haproxy"
  command   = ["haproxy", "-f", "haproxy.cfg", "-p", "/run/haproxy.pid"]
  listeners = ["web"]
}
service "haproxy-fd" {
  preset    = "haproxy"
  command   = ["haproxy", "-W", "-f", "haproxy.cfg"]
  listeners = ["web"]
  handoff   = ["none"]
  ready { when = "auto" }
}
service "apache" {
  preset    = "apache"
  command   = ["apache2"]
  listeners = ["local", "second", "path"]
}
service "lighttpd" {
  preset    = "lighttpd"
  command   = ["lighttpd", "-f", "lighttpd.conf"]
  listeners = ["web"]
  stop { signal = "TERM" }
}
service "traefik" {
  preset    = "traefik"
  command   = ["traefik"]
  listeners = ["local", "name"]
}
service "envoy" {
  preset    = "envoy"
  command   = ["envoy"]
  listeners = ["local"]
}
service "h2o" {
  preset    = "h2o"
  command   = ["h2o", "-m", "daemon"]
  listeners = ["web"]
}
service "nghttpx" {
  preset    = "nghttpx"
  command   = ["nghttpx", "--pid-file=/run/nghttpx.pid"]
  listeners = ["web"]
  stop { signal = "TERM" }
}
