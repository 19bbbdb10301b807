// Package pipe is Windows's named pipes as listeners, connections and mailboxes of the standard library's kind.
//
//	Listen ──▶ Listener ──Accept──▶ Conn ◀── bytes ──▶ Conn ◀── Dial        the control API
//	Receive ─▶ Mailbox ◀── one write is one letter ── any program's file     NOTIFY_SOCKET
//
// A pipe has no backlog: it has instances, and each takes one client. Two of them wait for clients at any time while a listener is open; a
// client that finds none free waits for one (WaitNamedPipe). The name goes with the last instance: nothing is left behind
// by a process that is killed.
//
// Who may connect is said by an access list at the pipe, and the kernel enforces it: the own user, Administrators and SYSTEM, and
// one group when it is named; nobody from another machine. Who is connected the kernel tells too ([Conn.Client]).
//
// On other systems everything here is an error.
package pipe
