# Starman (Perl): it takes its listener from SERVER_STARTER_PORT, as under Server::Starter. QUIT lets it finish; TERM does not.

listener "web" {
  address = "tcp://127.0.0.1:8113"
  backlog = 1024
}

service "starman" {
  command   = ["starman", "-E", "development", "--no-default-middleware", "--workers", "4", "app.psgi"]
  listeners = ["web"]

  ready {
    when    = "log"
    pattern = "Starman: Accepting connections"
  }
  stop { signal = "SIGQUIT" }
}
