# Starlet (Perl): it takes its listener from SERVER_STARTER_PORT, as under Server::Starter. TERM lets it finish.

listener "web" {
  address = "tcp://127.0.0.1:8112"
  backlog = 1024
}

service "starlet" {
  command   = ["plackup", "--server", "Starlet", "--max-workers", "4", "app.psgi"]
  listeners = ["web"]

  ready {
    when    = "log"
    pattern = "Accepting connections"
  }
}
