# Apache: Debian's is built without systemd and opens its port itself, so preload.c answers its bind(2) with the listener.

listener "web" {
  address = "tcp://127.0.0.1:8116" # the same as in apache2.conf
  backlog = 1024
}

service "apache2" {
  # Builds with systemd and mod_systemd: preset = "apache", and the command from "apache2" on. Every generation needs its own pid
  # file: Apache refuses to start while there is one that names a process.
  command = [
    "env", "LD_PRELOAD=./bin/preload.so",
    "apache2", "-D", "FOREGROUND", "-d", ".", "-f", "apache2.conf", "-C", "PidFile ${worker.runtime_dir}/apache.pid",
  ]
  listeners   = ["web"]

  ready {
    when    = "log"
    pattern = "resuming normal operations"
  }
  stop { signal = "SIGWINCH" }

  hooks {
    before_start = ["sh", "-c", "mkdir -p bin && cc -O2 -Wall -Wextra -shared -fPIC -o bin/preload.new preload.c && mv bin/preload.new bin/preload.so"]
  }
}
