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
// # The life of a socket
//
//	Spec ──Open──▶ Socket        socket(2), options, bind(2), listen(2)
//	given ──Restore──▶ Socket    by systemd (Given, Match), or sent (Receive): checked against the Spec first
//	taken ──Restore──▶ Socket    out of a running process (TakeFrom), or from another supervise (Request)
//	Socket.Descriptor ──Dup, Send──▶ workers and keepers
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
// A path belongs to the Socket that made it, shown by its inode: Close unlinks the path only while it still is that
// inode. A process that hands its sockets to a successor ends with Abandon, or is killed.
package fdpass
