# supervise as a program of the host. A change of the template is a SIGHUP: supervise reloads, the allocation stays.

job "hello" {
  group "hello" {
    network {
      port "web" {}
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

    task "supervise" {
      driver = "raw_exec"

      config {
        command = "/usr/local/bin/supervise"
        args    = ["--config", "${NOMAD_TASK_DIR}/app.hcl"]
      }

      template {
        destination   = "local/app.hcl"
        change_mode   = "signal"
        change_signal = "SIGHUP"
        data          = <<-EOT
          listener "web" {
            address = "tcp://:{{ env "NOMAD_PORT_web" }}"
            backlog = 4096
          }

          service "hello" {
            command   = ["/usr/local/bin/hello"]
            listeners = ["web"]

            ready { when = "notify" }
            stop  { timeout = "30s" }
          }

          # One per allocation: several may run on one machine.
          control { address = "unix:///run/supervise/{{ env "NOMAD_SHORT_ALLOC_ID" }}.sock" }
        EOT
      }

      kill_signal  = "SIGTERM"
      kill_timeout = "40s" # longer than stop.timeout; the client's max_kill_timeout must allow it
    }
  }
}
