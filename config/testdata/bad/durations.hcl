service "app" {
  command = ["./app"]
  ready {
    timeout = 30
    settle = "1"
  }
  stop {
    timeout = "-5s"
  }
  restart {
    backoff = "0s"
    backoff_max = "1 minute"
    window = "1d"
  }
  rollout {
    bake = "9000h"
  }
}
