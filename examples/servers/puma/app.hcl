# puma: it looks for its address among the sockets that LISTEN_FDS announces, and says READY=1 (with the gem sd_notify).

listener "web" {
  address = "tcp://127.0.0.1:8109" # the same as in puma.rb
  backlog = 1024
}

service "puma" {
  preset    = "puma"
  command   = ["puma", "-C", "puma.rb", "config.ru"]
  listeners = ["web"]

  ready { when = "notify" }
}
