# Every dialect, and what belongs to them.
listener "web" { address = "tcp://:8080" }

service "many" {
  command    = ["./app"]
  listeners  = ["web"]
  handoff    = ["systemd", "einhorn", "server-starter", "nginx", "angie", "php-fpm", "unicorn", "puma", "gunicorn", "upstart", "circus", "zerg", "haproxy"]
  listen_pid = "omit"
  fd_store   = 8
  ready {
    when = "crank"
    fd   = 100
  }
}
service "tableflip" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["tableflip"]
  ready {
    when = "pm2"
    fd   = 6
  }
}
service "endless" {
  command   = ["./app"]
  listeners = ["web"]
  handoff   = ["endless"]
  ready {
    when     = "upstart"
    interval = "20ms"
  }
}
service "none" {
  command   = ["./app", "${listener.web.fd}"]
  listeners = ["web"]
  handoff   = ["none"]
  ready { when = "uwsgi" }
}
