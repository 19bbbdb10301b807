service "nothing" {
  command = ["./app"]
  health { interval = "5s" }
}
service "empty" {
  command = ["./app"]
  health {}
}
service "twice" {
  command = ["./app"]
  health {
    command = ["./check"]
    exec    = ["./check"]
  }
}
service "lonely" {
  command = ["./app"]
  health {
    watchdog = "10s"
    failures = 2
    timeout  = "1s"
  }
}
service "unexpected" {
  command = ["./app"]
  health {
    command = ["./check"]
    expect  = "ok"
  }
}
service "values" {
  command = ["./app"]
  health {
    http     = "127.0.0.1:8080"
    expect   = "("
    exec     = "./check"
    watchdog = "1ms"
    interval = "1ms"
    timeout  = "0s"
    failures = 0
  }
}
service "expect" {
  command = ["./app"]
  ready {
    when   = "log"
    pattern = "up"
    expect = "ok"
  }
}
