service "app" {
  command = ["./app"]
  limits {
    memory_max = "64KiB"
    cpu_max    = "half"
    pids_max   = 0
  }
}
service "other" {
  command = ["./app"]
  limits {
    memory_max = "lots"
    cpu_max    = "0.5%"
    pids_max   = "many"
  }
}
service "third" {
  command = ["./app"]
  limits {
    cpu_max = "."
  }
}
