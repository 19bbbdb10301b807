listener "web" {
  address = "tcp://:8080"
}
serve "nothing" {
}
serve "values" {
  protocol  = "haprox"
  address   = "tcp://:81"
  listeners = []
  mode      = "0"
}
serve "unknown" {
  protocol  = "zerg"
  address   = "unix:///run/zerg.sock"
  listeners = ["web", "wbe", "web"]
  store     = ["app.*"]
}
serve "abstract" {
  protocol  = "s6-fdholder"
  address   = "unix://@holder"
  listeners = ["web"]
  mode      = "0600"
  group     = "deploy"
  users     = ["a b"]
  store     = ["app.*", "app.["]
}
serve {
  protocol = "zerg"
}
serve "abstract" {
  protocol  = "zerg"
  address   = "unix:///run/second.sock"
  listeners = ["web"]
}
serve "more" {
  protocol  = "zerg"
  address   = "unix:///run/more.sock"
  listeners = ["web"]
  handoff   = ["zerg"]
}
