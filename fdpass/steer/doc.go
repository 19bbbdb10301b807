// Package steer says in the kernel which of several sockets that listen at one TCP address gets a new connection.
//
// Sockets with SO_REUSEPORT that one user has bound to one address and that listen are a group in the kernel. Without a program it spreads
// new connections over all of them by a hash. A program that is attached to the group chooses one of them for each (socket(7),
// SO_ATTACH_REUSEPORT_CBPF and SO_ATTACH_REUSEPORT_EBPF), and attaching another program takes effect for the next connection, with no
// moment between in which there is none. So a Steer is always one new program, with everything it has to know written into it:
//
//	Choice ──▶ route ──▶ program ──▶ attached to the group
//	              keys, as numbers of the kernel: the place in the group (Classic), or in our map of sockets (Extended)
//
// # Classic
//
// Anybody may attach a classic program. It answers with a place in the group: sockets stand there in the order in which they began to
// listen, and when one leaves, the last moves into its place. The Group follows that. An answer beyond the last place falls to the hash.
// Connections that wait at a socket that leaves are reset, unless net.ipv4.tcp_migrate_req is 1; then they go to any other socket of the
// group, by the hash.
//
// One thing a classic program cannot do. When a member leaves and the only current one is the last of three or more, there are some
// microseconds between its move and the program that knows of it, in which a new connection goes to any member (measured with a client
// that connects all the time: one connection in 6 of 100 such moves). CanLeave tells when to wait. Where others are current too, the last is
// left out meanwhile.
//
// And one window is the kernel's own: without tcp_migrate_req a member that leaves is out of the group a moment before it is out of the table
// of listeners, and a connection that comes then reaches it and is reset, though nobody names it (measured with clients that connect all
// the time: 9 connections in 2 million leaves; none with tcp_migrate_req).
//
// # Extended
//
// With CAP_BPF the program looks the socket up in a map (BPF_MAP_TYPE_REUSEPORT_SOCKARRAY), so places do not matter, and what waits at a
// socket that leaves goes to a current one (BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, Linux 5.14).
//
// A socket can be in one such map only, and the map of an earlier process lives as long as its program is attached. So the first Steer of the
// next process attaches a classic program, waits until the kernel has taken the old map apart, and then attaches its own. While
// the earlier process lives and has not closed its Group, steering stays classic; each Steer tries again.
//
// Sources: net/core/sock_reuseport.c, kernel/bpf/reuseport_array.c, inet_csk_listen_stop and bpf-helpers(7). What they say was tried on Linux 6.18.
package steer
