# A worker in plain C, compiled before each start: `supervise restart hello` after a change is a deploy.

listener "web" {
  address = "tcp://127.0.0.1:8083"
  backlog = 4096
}

service "hello" {
  command   = ["./bin/hello"]
  listeners = ["web"]
  workers   = 2

  ready { when = "notify" }

  hooks {
    # The running program's file is replaced, never written to: that would be "text file busy".
    before_start = ["sh", "-c", "mkdir -p bin && cc -O2 -Wall -Wextra -o bin/hello.new hello.c && mv bin/hello.new bin/hello"]
  }
}
