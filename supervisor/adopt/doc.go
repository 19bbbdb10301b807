// Package adopt lets programs that know nothing of socket activation serve supervise's sockets: their bind(2) and listen(2) are
// answered by supervise, through user notifications of seccomp(2). The program is not changed, static ones are reached too.
//
//	stage:    Install ── filter: bind, listen → ask; all else → the kernel ──▶ exec of the program
//	             └──notify descriptor──▶ pair ──Receive──▶ held by the keeper ──▶ Serve
//	program:  bind(fd, :80) ──asks, waits──▶ Serve: a socket of listener "web" ──0──▶ program
//	program:  listen(fd, 5) ──asks, waits──▶ Serve: it listens, with the configured backlog ──0──▶ program
//
// # Modes
//
//   - own: the program's own socket is bound on its behalf, with SO_REUSEPORT and to the listener's address, and joins the listener's
//     group when the program calls listen. Every option and epoll registration stays. Several sockets on one address are several members.
//   - inject: a socket that supervise made takes the place of the program's at the same number. The program's options are copied where the
//     configuration says nothing, and epoll registrations are made again. For programs whose socket cannot join: multipath TCP (Go's
//     default), and for one that comes back to a member that is there already.
//   - shared: the same, with the one socket that all generations share: sharing = "all" and unix sockets.
//
// The family must be the same: the kernel has a group for each family, and a program reads addresses of the family it asked for.
// A bind to another address than the listeners' goes on as if there were no supervise, and is reported; likewise everything that could not
// be intercepted. bind to port 0, listen without bind, datagrams and other families are none of our business.
//
// # Being killed
//
// A manager may be killed at any instant. The kernel writes each question into a page of shared memory that the keeper holds; whoever
// serves next finds it there, asks the kernel whether the program still waits, and answers it: every step can be repeated. While nobody
// serves the program waits in its bind, because the keeper holds the notify descriptor; only a signal that comes before the question
// was taken out makes bind return EINTR.
//
// # Unix paths
//
// Servers unlink a path before they bind to it. unlink(2) of a listener's path is answered 0 and does nothing. The path is recognised
// by its folder and name as the program sees them: relative, below another root, through symbolic links. A rename(2) over it is not seen.
//
// # What goes past
//
// Programs for the other word size of the machine (i386 and x32, arm) are asked in their own numbers. io_uring could bind without a
// question: io_uring_setup(2) is answered ENOSYS, with which programs do without it, and it is reported. A program that reads its
// parameters anew between our look and the kernel's could cheat: this is a convenience, no boundary of security.
//
// setsockopt(2) is not asked about: a program that attaches a filter of its own to its group (SO_ATTACH_REUSEPORT_CBPF and _EBPF of
// socket(7)) decides then which generation gets new connections. Give such a program a listener with sharing = "all".
//
// Who may look into the program: the same user, or CAP_SYS_PTRACE. A program that changes its user before it binds is out of an ordinary
// user's reach. Linux 5.19 or newer.
package adopt
