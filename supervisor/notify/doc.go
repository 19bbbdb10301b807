// Package notify is the receiving side of sd_notify(3): one private datagram socket for each worker.
//
//	worker ──"READY=1\nSTATUS=serving"──▶ NOTIFY_SOCKET ──Peek──▶ Message{Ready, Status, PID, UID}
//	worker ──"BARRIER=1" + descriptor───▶ NOTIFY_SOCKET ──Peek──▶ Message{Barrier}; Close releases the worker
//
// The kernel names the sender of each datagram (SCM_CREDENTIALS, unix(7)); whether that process may speak for the
// worker is the caller's decision. Nothing that a worker sends stays behind: descriptors that are neither a barrier
// nor to be stored (FDSTORE=1) are closed before Peek returns. A message stays in the queue until Discard, and so outlives a reader that is killed.
//
// A worker that sends faster than it is read stops itself, nobody else: the queue of a datagram socket holds
// net.unix.max_dgram_qlen+1 messages (11 by default); then its send blocks, or fails with EAGAIN on a non-blocking
// socket. No message is lost and supervise keeps nothing in memory for it.
//
// On Windows NOTIFY_SOCKET is a named pipe (package pipe), which every program opens as a file. What is written at once is a message;
// the kernel says of which process. It carries no descriptors, so BARRIER=1 and FDSTORE=1 are refused there: FlushFileBuffers waits
// until all that was written is read.
package notify
