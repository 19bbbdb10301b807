# HAProxy with an unmodified bind line: it asks for its sockets over -x, as a new HAProxy asks the old one.

listener "web" {
  address = "tcp://127.0.0.1:8119" # the same as in haproxy.cfg
  backlog = 1024
}

service "haproxy-x" {
  preset    = "haproxy"
  command   = ["haproxy", "-Ws", "-f", "haproxy.cfg", "-x", "${worker.runtime_dir}/haproxy.sock"]
  listeners = ["web"]

  rollout { bake = "1s" } # its master misses USR1 for a moment after READY=1
}
