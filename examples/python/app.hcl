# A Python worker that needs only the standard library: threads, a non-blocking listener, a drain that loses nothing.

listener "web" {
  address = "tcp://127.0.0.1:8081"
  backlog = 4096
}

service "hello" {
  command   = ["python3", "hello.py"]
  listeners = ["web"]
  workers   = 2

  ready { when = "notify" }
}
