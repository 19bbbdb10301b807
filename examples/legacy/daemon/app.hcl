# nginx as Debian's init script starts it: its first process ends as soon as it listens, and leaves the one that serves.

listener "web" {
  address = "tcp4://127.0.0.1:8160"
  backlog = 1024
}

service "daemon" {
  command   = ["nginx", "-p", ".", "-e", "stderr", "-c", "nginx.conf", "-g", "pid ${worker.runtime_dir}/nginx.pid;"]
  handoff   = ["adopt"]
  listeners = ["web"]

  ready { settle = "200ms" }
  stop { signal = "SIGKILL" }
}
