# Everything of a service.
listener "web"   { address = "tcp://:8080" }
listener "admin" { address = "unix:///run/admin.sock" }

service "database" {
  command = ["database"]
  workers = 0
}

service "app" {
  command = [
    "./app", # the program
    "--fd=${listener.web.fd}",
    "--admin", listener.admin.path,
    "--port", 9000 + worker.index,
    upper("x"), join(",", ["a", "b"]), format("%03d", worker.index), replace("a-b", "-", "+"), max(1, cpus), min(1, cpus), lower("Y"),
    try(env.MISSING, "default"), can(env.MISSING) ? "yes" : "no", try(env.HOME, "none"),
  ]
  listeners = ["web", "admin"]
  handoff   = ["systemd", "server-starter"]
  workers   = cpus

  directory = "work/${service.name}"
  user      = "www-data"
  group     = 33
  groups    = ["adm", "44"]
  umask     = "027"
  environment = {
    GENERATION  = generation
    PID_FILE    = "${worker.runtime_dir}/pid"
    "WITH.DOTS" = listener["web"].address
    DEBUG       = true
    ABSENT      = try(env.MISSING, null)
  }
  environment_files   = ["app.env", "-/etc/default/app"]
  inherit_environment = false
  nice                = -5
  oom_score_adjust    = 500
  no_new_privileges   = true
  output              = "file://log/app.log"
  depends_on          = ["database"]

  ready {
    when     = "http"
    url      = "http://127.0.0.1:${9000 + worker.index}/healthz"
    timeout  = "1m"
    interval = "250ms"
    expect   = "ok"
  }
  stop {
    signal  = "quit"
    timeout = "0s"
  }
  restart {
    when        = "on-failure"
    backoff     = "250ms"
    backoff_max = "5m"
    window      = "0s"
  }
  rollout {
    strategy        = "rolling"
    bake            = "10s"
    max_surge       = 0
    max_unavailable = 1
  }
  health {
    http     = "http://127.0.0.1:${9000 + worker.index}/healthz"
    expect   = "^generation ${generation}$"
    exec     = ["./check", worker.index]
    watchdog = "20s"
    interval = "5s"
    timeout  = "2s"
    failures = 2
  }
  limits {
    nofile = "1024:65536"
    nproc  = 500
    core   = "unlimited"

    memory_max = "512MiB"
    cpu_max    = "50%"
    pids_max   = 100
  }
  hooks {
    before_start = ["migrate", "--to", generation]
    after_ready  = ["announce", service.name]
    before_stop  = ["retire", worker.index]
    after_stop   = ["sweep"]
  }
}

service "shell" {
  command = ["sh", "-c", <<-EOT
    echo "hello ${service.name}"
    exec sleep 10
  EOT
  ]
  ready {
    when    = "log"
    pattern = "^hello (\\w+)$"
  }
  stop { signal = 12 }
  limits {
    core    = "10MB:1GiB"
    cpu_max = 1.5
  }
}

service "newline" {
  command   = ["./n", "%%{not a directive}", "$${not.a.variable}"]
  listeners = ["web"]
  handoff   = ["stdin"]
  ready {
    when = "newline"
    fd   = 10
  }
  stop { signal = "SIGRTMIN+3" }
}

service "check" {
  command = ["./c"]
  handoff = []
  ready {
    when    = "exec"
    command = ["./check", "${generation}"]
  }
}

control {
  address = "unix://run/supervise.sock"
  mode    = "0660"
  group   = "ops"
}

log {
  level  = "debug"
  format = "json"
}
