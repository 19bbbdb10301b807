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
service "php-fpm" {
  preset    = "php-fpm"
  command   = ["php-fpm8.2", "-g", "/run/fpm.pid"]
  listeners = ["web", "path"]
  stop { signal = "TERM" }
}
service "uwsgi" {
  preset    = "uwsgi"
  command   = ["uwsgi", "--http-socket", ":8080", "--die-on-term"]
  listeners = ["web"]
}
service "uwsgi-ini" {
  preset    = "uwsgi"
  command   = ["uwsgi", "--ini", "app.ini"]
  listeners = ["web"]
}
service "uwsgi-quit" {
  preset    = "uwsgi"
  command   = ["uwsgi", "--ini", "app.ini"]
  listeners = ["web"]
  stop { signal = "QUIT" }
}
service "gunicorn" {
  preset    = "gunicorn"
  command   = ["gunicorn", "--pid", "/run/gunicorn.pid", "app"]
  listeners = ["web"]
  stop { signal = "QUIT" }
}
service "gunicorn-own" {
  preset    = "gunicorn"
  command   = ["gunicorn", "-p", "${worker.runtime_dir}/gunicorn.pid", "app"]
  listeners = ["web"]
}
service "uvicorn" {
  preset    = "uvicorn"
  command   = ["uvicorn", "--log-level", "warning", "app"]
  listeners = ["web"]
}
service "hypercorn" {
  preset    = "hypercorn"
  command   = ["hypercorn", "--pid", "/run/h.pid", "app"]
  listeners = ["web"]
}
service "unicorn" {
  preset    = "unicorn"
  command   = ["unicorn", "-D", "-c", "unicorn.rb"]
  listeners = ["web"]
  stop { signal = "TERM" }
}
service "puma" {
  preset    = "puma"
  command   = ["puma", "--pidfile", "/run/puma.pid"]
  listeners = ["web"]
  stop { signal = "INT" }
}
service "puma-generation" {
  preset    = "puma"
  command   = ["puma", "-C", "puma.rb", "--pidfile", "/run/puma-${generation}.pid"]
  listeners = ["web"]
}
service "tableflip" {
  preset    = "tableflip"
  command   = ["./app"]
  listeners = ["web"]
  stop { signal = "HUP" }
}
