listener "web" {
  address           = "tcp://:8080"
  tos               = 16
  defer_accept      = "5s"
  user_timeout      = "20s"
  congestion        = "bbr"
  multipath         = true
  priority          = 6
  keepalive_count   = 3
  fast_open         = 64
  receive_buffer    = "64KiB"
}
service "app" {
  command          = ["./app"]
  listeners        = ["web"]
  handoff          = ["systemd", "nginx", "handles"]
  listen_pid       = "omit"
  oom_score_adjust = -500
}
control {
  mode  = "0660"
  group = "ops"
}
