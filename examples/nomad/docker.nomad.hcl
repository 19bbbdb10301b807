# The image of ../container as it is: app.hcl in it listens on 8080.

job "hello" {
  group "hello" {
    count = 2

    network {
      port "web" {
        to = 8080
      }
    }

    service {
      name     = "hello"
      port     = "web"
      provider = "nomad"

      # A connection waits in the backlog as long as no worker is ready, so the check must ask for an answer.
      check {
        type     = "http"
        path     = "/"
        interval = "5s"
        timeout  = "2s"
      }
    }

    # Between the removal from the service catalogue and the signal.
    shutdown_delay = "5s"

    task "hello" {
      driver = "docker"

      config {
        image = "hello:latest"
        ports = ["web"]
        init  = false # supervise is process 1 and does what an init does
      }

      resources {
        memory = 256
      }

      kill_signal  = "SIGTERM"
      kill_timeout = "20s" # longer than stop.timeout
    }
  }
}
