# unicorn: it looks for its address among the descriptors in UNICORN_FD. QUIT lets it finish; TERM does not.

listener "web" {
  address = "tcp://127.0.0.1:8110" # the same as in unicorn.rb
  backlog = 1024                   # unicorn sets 1024 when it starts
}

service "unicorn" {
  preset    = "unicorn"
  command   = ["unicorn", "-E", "production", "-c", "unicorn.rb", "config.ru"]
  listeners = ["web"]

  ready {
    when    = "log"
    pattern = "worker=1 ready"
  }
}
