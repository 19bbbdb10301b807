listener "stream" {
  address = "unix:///run/app.sock"
  mode    = "0660"
  owner   = "www"
  group   = "www"
}
listener "abstract" {
  address          = "unix://@app"
  pass_credentials = true
}
listener "packets" {
  address = "unixpacket://app.packets"
}
listener "datagrams" {
  address = "unixgram://@log"
}
listener "fifo" {
  address   = "fifo://app.fifo"
  pipe_size = "64KiB"
}
listener "vsock" {
  address = "vsock://:5000"
}
listener "steered" {
  address = "tcp://:81"
  sharing = "worker"
}
listener "tied" {
  address     = "tcp://:82"
  reuse_port  = true
  free_bind   = true
  transparent = true
  bind_device = "eth0"
  mark        = 1
  ttl         = 3
}
listener "cast" {
  address   = "udp4://:83"
  broadcast = true
}
listener "taken" {
  address   = "tcp://:84"
  take_from = "pidfile:/run/nginx.pid"
}
service "app" {
  command           = ["./app"]
  listeners         = ["stream", "steered"]
  handoff           = ["systemd"]
  fd_store          = 3
  user              = "www"
  group             = "www"
  groups            = ["log"]
  umask             = "027"
  no_new_privileges = true
  ready {
    when = "newline"
    fd   = 9
  }
  stop {
    signal = "SIGWINCH"
  }
  health {
    watchdog = "10s"
  }
  limits {
    nofile     = 65536
    nproc      = 100
    core       = 0
    memory_max = "512MiB"
    cpu_max    = "50%"
    pids_max   = 100
  }
}
service "numbered" {
  command   = ["./app"]
  listeners = ["tied"]
  handoff   = ["einhorn", "server-starter"]
  ready {
    when = "upstart"
  }
  stop {
    signal = "SIGQUIT"
  }
}
service "asks" {
  command   = ["./app"]
  listeners = ["tied"]
  handoff   = ["s6-fdholder"]
  ready {
    when = "notify"
  }
}
service "known" {
  preset    = "haproxy"
  command   = ["haproxy", "-Ws", "-x", "${worker.runtime_dir}/haproxy.sock"]
  listeners = ["tied"]
}
service "kept" {
  preset    = "nginx"
  command   = ["nginx", "-g", "pid ${worker.runtime_dir}/nginx.pid;"]
  listeners = ["tied"]
  handoff   = ["adopt"]
}
serve "others" {
  protocol  = "s6-fdholder"
  address   = "unix:///run/fdholder.sock"
  listeners = ["stream"]
}
control {
  address = "unix:///run/app.control"
}
