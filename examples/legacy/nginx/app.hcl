# nginx as it is, in the foreground, with a pid file for each of its lives.

listener "web" {
  address = "tcp4://127.0.0.1:8151"
  backlog = 1024
}

service "nginx" {
  command   = ["nginx", "-p", ".", "-e", "stderr", "-c", "nginx.conf", "-g", "daemon off; pid ${worker.runtime_dir}/nginx.pid;"]
  handoff   = ["adopt"]
  listeners = ["web"]

  ready { when = "started" }
  stop { signal = "SIGKILL" }
}
