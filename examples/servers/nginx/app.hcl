# nginx: NGINX tells it the numbers of its listeners, QUIT lets it finish. It stays in the foreground then.

listener "web" {
  address = "tcp://127.0.0.1:8101" # the same as in nginx.conf: nginx looks for it by address
  backlog = 1024
}

service "nginx" {
  preset    = "nginx"
  # A pid file of its own: the old nginx removes its file when it ends, and would remove the new one's.
  command   = ["nginx", "-p", ".", "-e", "stderr", "-c", "nginx.conf", "-g", "pid ${worker.runtime_dir}/nginx.pid;"]
  listeners = ["web"]

  ready {
    when    = "log"
    pattern = "start worker process"
  }
}
