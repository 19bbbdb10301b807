package fdpass

import "errors"

// ErrNotThere is what TakeFrom answers, by errors.Is, when the process is gone or has no such socket.
var ErrNotThere = errors.New("it is not there")

// TakeFrom duplicates a listening socket out of a running process (pidfd_open(2), pidfd_getfd(2)), which goes on with its
// own. The caller owns the descriptor; it is the one that Restore takes for spec. The process is looked through by
// /proc/PID/fd; only sockets are touched, and of those only the one that is bound to the address of spec, has its type
// and listens is kept. It is bound to the interface of spec, or to none (CheckPlace), and in our network namespace: one
// that is there but in another namespace is an error.
//
// A wildcard tcp:// or udp:// is one socket for IPv4 and IPv6. In its place an IPv4 one at 0.0.0.0 is taken when the
// process has nothing at the same port for IPv6: then everybody who was served goes on to be. When it has both, each
// needs a listener of its own (tcp4:// and tcp6://), and that is the error. Several sockets at one address (SO_REUSEPORT)
// are an error too, unless net.ipv4.tcp_migrate_req lets connections move from those that are closed later to the one
// that was taken. Port 0 names no socket, a fifo is none.
//
// The kernel asks for the right to trace the process (ptrace(2), PTRACE_MODE_ATTACH): the same user, a process that
// may be dumped, and what Yama allows, or CAP_SYS_PTRACE. Linux only.
func TakeFrom(pid int, spec Spec) (*Descriptor, error) { return takeFrom(pid, spec) }
