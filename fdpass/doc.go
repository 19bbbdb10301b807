// Package fdpass opens, names, holds, inspects and moves listening sockets. Nothing else in supervise touches a
// descriptor.
//
// # What listen(2) means
//
// The backlog of a listener is the length of its accept queue: connections that are fully established and that no
// process has taken with accept(2) yet. The kernel completes the handshake by itself, so a client's connect(2) succeeds
// while no worker runs; this is why workers can be replaced without a client noticing.
//
//   - listen(n) admits n+1 connections. n is cut without a word at net.core.somaxconn of the network namespace;
//     Warnings says so, State reads back what is in effect.
//   - When the queue is full the kernel drops the last packet of the handshake, and SYNs: the client sends again after
//     about 1 s, then 3 s, 7 s. With net.ipv4.tcp_abort_on_overflow = 1 it is reset instead. connect(2) to a full unix
//     socket waits, or gives EAGAIN when it is non-blocking.
//   - Handshakes that are under way wait elsewhere, bounded by the same number and net.ipv4.tcp_max_syn_backlog; with
//     net.ipv4.tcp_syncookies none is lost for lack of room.
//   - Datagram sockets and fifos have no queue of connections and no backlog: listen(2) gives EOPNOTSUPP.
//   - Anyone who holds the socket can call listen(2) again and change the backlog for all; many servers do.
//
// Sources: listen(2), tcp(7), Documentation/networking/ip-sysctl.rst and inet_csk_listen_start, tcp_conn_request in
// the kernel.
//
// # What Winsock's listen() means
//
// On Windows the same backlog is configured, and means something else in places:
//
//   - The most is SOMAXCONN: the provider takes a maximum that it finds reasonable. A number from 200 to 65535 is asked for by
//     SOMAXCONN_HINT(n), a lower one as it is; the provider replaces what it does not like by the nearest that it does, without a
//     word. Nothing can be read back: State has -1 for backlog and queue.
//   - When the queue is full the client is refused (WSAECONNREFUSED), and not left to try again: choose a backlog with room for the
//     time that a worker takes to start.
//   - listen() on a socket that listens succeeds and changes nothing, so no worker can change the backlog, and Reconfigure cannot
//     either: Warnings says so. shutdown() of a listener fails (WSAENOTCONN), so no worker can end it for all.
//   - Every socket is bound with SO_EXCLUSIVEADDRUSE. SO_REUSEADDR is not what it is on unix, where it is about connections of the past
//     (which are no obstacle on Windows): there any process of the same user that sets it can bind beside the listener that is
//     there, and which of them gets a connection is not defined. With exclusive use it is refused (WSAEACCES), and we are refused
//     where somebody is already. The price: as long as a connection lives that was accepted at the address, no new socket can have it.
//   - There is no SO_REUSEPORT, no pause, and no unix, vsock and fifo listener here. Options that Windows does not have are refused by
//     name.
//
// Sources: "listen function" and "bind function" (winsock2.h), "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE", "IPPROTO_TCP socket options".
//
// # The life of a socket
//
//	Spec ──Open──▶ Socket        socket(2), options, bind(2), listen(2)
//	given ──Restore──▶ Socket    by systemd (Given, Match), or sent (Receive): checked against the Spec first
//	taken ──Restore──▶ Socket    out of a running process (TakeFrom), or from another supervise (Request)
//	Socket.Descriptor ──Dup, Send──▶ workers and keepers; on Windows by Handle (inherited), or Export ──▶ Import
//	Watcher ──▶ a worker did shutdown(2), or removed the path ──▶ Relisten, RestorePath, else Reopen
//	new Spec ──NeedsReopen──▶ nothing: Reconfigure the live socket; else open another
//	Socket.Identity ──the process ends, the descriptor lives on──▶ Recover ──▶ Socket
//	Close, or Abandon when another process goes on
//
// # Who owns what
//
// A Descriptor is one number that this process owns and closes. Its open file description lives in the kernel, as long
// as anyone anywhere has a number for it; O_NONBLOCK, the options, the backlog and the effect of shutdown(2) belong to
// the description and so are shared by all holders. That is why nothing here uses net.Listener.File, os.File.Fd or
// os/exec with an os.File in the poller: they clear O_NONBLOCK for everybody, and a Go worker that waits in Accept can
// then no longer Close. All descriptors are blocking unless given otherwise, and close-on-exec.
//
// On Windows the number is a handle, of a socket or of something else. Sockets are overlapped and never in a completion port here: a port
// belongs to the socket for all its holders, and a worker's own could not be joined any more.
//
// A path belongs to the Socket that made it, shown by its inode: Close unlinks the path only while it still is that
// inode. A process that hands its sockets to a successor ends with Abandon, or is killed.
package fdpass
