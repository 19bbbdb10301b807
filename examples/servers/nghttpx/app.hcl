# nghttpx: NGHTTPX_ACCEPT_0 names its listener. It sends QUIT to its parent when it serves, a small one of its own. QUIT lets it finish.

listener "web" {
  address = "tcp://127.0.0.1:8117" # the same as in nghttpx.conf
  backlog = 1024
}

service "nghttpx" {
  preset    = "nghttpx"
  command   = ["nghttpx", "--conf", "nghttpx.conf"]
  listeners = ["web"]
}
