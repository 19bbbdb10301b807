service "app" {
  command = ["./app"]
  nice = 20
  oom_score_adjust = -1001
  umask = 22
  no_new_privileges = "maybe"
  inherit_environment = 2
}
