listener "tcp" {
  address            = "tcp://0.0.0.0:${env.PORT}"
  backlog            = "max"
  sharing            = "all"
  reuse_port         = true
  free_bind          = true
  transparent        = false
  bind_device        = "eth0"
  mark               = "0x10"
  keepalive          = true
  keepalive_idle     = "1m30s"
  keepalive_interval = "5s"
  keepalive_count    = 3
  no_delay           = true
  defer_accept       = "5s"
  fast_open          = 256
  user_timeout       = "1500ms"
  congestion         = "bbr"
  multipath          = true
  receive_buffer     = "64KiB"
  send_buffer        = 65536
  tos                = 16
  ttl                = "64"
  priority           = 0
}
listener "dual"    { address = "tcp://[::]:0" }
listener "v6"      { address = "tcp6://[::1]:8080" }
listener "local"   { address = "tcp://[fe80::1%eth0]:8080" }
listener "dns"     { address = "udp://:53" }
listener "dns.v4"  {
  address   = "udp4://127.0.0.1:5353"
  broadcast = true
}
listener "socket" {
  address          = "unix://run/app.sock"
  mode             = "0660"
  owner            = "app"
  group            = 1000
  pass_credentials = true
  backlog          = cpus * 100
}
listener "abstract" { address = "unixpacket://@app" }
listener "datagram" { address = "unixgram:///run/./log.sock" }
listener "vm"       { address = "vsock://:5000" }
listener "vm-2"     { address = "vsock://2:5001" }
listener "pipe" {
  address   = "fifo:///run/app.fifo"
  mode      = "600"
  pipe_size = "1MiB"
}
listener "null" {
  address = "tcp://:9999"
  backlog = null
}
