listener "l0" {
  address = "web"
}
listener "l1" {
  address = "8080"
}
listener "l2" {
  address = ":8080"
}
listener "l3" {
  address = "127.0.0.1:8080"
}
listener "l4" {
  address = "/run/app.sock"
}
listener "l5" {
  address = "@app"
}
listener "l6" {
  address = "tcp:8080"
}
listener "l7" {
  address = "tcp//:8080"
}
listener "l8" {
  address = "http://:8080/"
}
listener "l9" {
  address = "tpc://:8080"
}
listener "l10" {
  address = "gopher://:70"
}
listener "l11" {
  address = "tcp://localhost:80"
}
listener "l12" {
  address = "tcp://example.com:80"
}
listener "l13" {
  address = "tcp://*:80"
}
listener "l14" {
  address = "tcp://:http"
}
listener "l15" {
  address = "tcp://:65536"
}
listener "l16" {
  address = "tcp://:-1"
}
listener "l17" {
  address = "tcp://:08"
}
listener "l18" {
  address = "tcp://127.0.0.1"
}
listener "l19" {
  address = "tcp://[::1]"
}
listener "l20" {
  address = "tcp://::1:80"
}
listener "l21" {
  address = "tcp://[127.0.0.1]:80"
}
listener "l22" {
  address = "tcp://[::ffff:1.2.3.4]:80"
}
listener "l23" {
  address = "tcp4://[::1]:80"
}
listener "l24" {
  address = "tcp6://127.0.0.1:80"
}
listener "l25" {
  address = "tcp://[fe80::1]:80"
}
listener "l26" {
  address = "tcp://[2001:db8::1%eth0]:80"
}
listener "l27" {
  address = "tcp://:80/x"
}
listener "l28" {
  address = "unix://"
}
listener "l29" {
  address = "unix://@"
}
listener "l30" {
  address = "unix:///run/"
}
listener "l31" {
  address = "unix:///"
}
listener "l32" {
  address = "fifo://@x"
}
listener "l33" {
  address = "fifo://"
}
listener "l34" {
  address = "vsock://5000"
}
listener "l35" {
  address = "vsock://x:5000"
}
listener "l36" {
  address = "vsock://2:4294967295"
}
listener "l37" {
  address = "udp://"
}
listener "l38" {
  address = ""
}
listener "l39" {
  address = "tcp://"
}
listener "l40" {
  address = "tcp://1.2.3:80"
}
listener "l41" {
  address = "tcp://[]:80"
}
listener "l42" {
  address = "tcp://[::1:80"
}
