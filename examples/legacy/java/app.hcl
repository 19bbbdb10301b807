# The HTTP server of the JDK, in one file. Its sockets are of IPv6, so the listener is one of both families.

listener "web" {
  address = "tcp://:8154"
  backlog = 1024
}

service "java" {
  command   = ["java", "Hello.java", "${listener.web.port}"]
  handoff   = ["adopt"]
  listeners = ["web"]

  ready { when = "started" }
  stop { signal = "SIGKILL" }
}
