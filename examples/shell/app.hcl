# A worker in POSIX shell: reads jobs line by line from a fifo, which keeps them while the worker is replaced.

listener "jobs" {
  address = "fifo://jobs.fifo"
}

service "jobs" {
  command   = ["sh", "worker.sh"]
  listeners = ["jobs"]

  ready { when = "newline" }

  # Two shells that read byte by byte from one fifo would tear each other's lines, so the old one stops first.
  rollout { strategy = "replace" }

  stop { timeout = "5s" }
}
