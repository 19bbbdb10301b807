# h2o: it looks for its address in SERVER_STARTER_PORT, as under Server::Starter. TERM lets it finish.

listener "web" {
  address = "tcp://127.0.0.1:8114" # the same as in h2o.conf
  backlog = 1024
}

service "h2o" {
  preset    = "h2o"
  command   = ["h2o", "-c", "h2o.conf"]
  listeners = ["web"]
}
