// Package diag counts the connections that are open at listeners, so that nobody has to guess when a server has finished: the kernel
// is asked over sock_diag(7) for the states that matter alone. It opens no socket of anybody else and changes nothing.
//
//	Connections      inode → local port   of TCP connections that a process holds
//	UnixConnections  inode → path         of unix stream connections that a process holds
//	Held             inodes               of the sockets that one process has open
//	Handshakes       the clients whose SYN has been answered, and whose connection is in no queue yet
//
// An inode is the number in /proc/PID/fd ("socket:[4711]"), the one by which a connection and a process are brought together. The kernel
// shows inodes, ports and addresses to every user, also of other users' sockets; whose they are (/proc/PID/fd) only to root and their user.
// All is of the network namespace of the calling thread.
//
// # Which states count as open
//
// One in which the end of the process could still cost the client something, and which some process holds: ESTABLISHED, CLOSE_WAIT
// (the client has sent all, and waits for the answer), FIN_WAIT1 and 2, CLOSING and LAST_ACK (the server has said that it sends no more, as
// nginx does when it lingers; closing with unread data makes the kernel reset the connection). A socket that every process has closed has no
// inode: the kernel delivers the rest of its data alone, whoever ends. One that waits in an accept queue has none either: the listener's
// State tells of those.
package diag
