// Package drill restarts a service under load and counts every connection that was lost.
//
//	clients ──a new connection for each request──▶ the service's listeners
//	        after i/(R+1) of the connections ────▶ restart i of R, while the load goes on
//	        each attempt ────────────────────────▶ ok, or one class of loss, told apart by errno and never by text
//
// # Classes
//
//   - refused: ECONNREFUSED. ENOENT of a unix path too: for the client the listener was not there, just the same.
//   - reset: ECONNRESET, ECONNABORTED or EPIPE at any point.
//   - eof: the server closed before the response was complete: before its first byte, within its header, or with a body
//     shorter than Content-Length or the chunks say.
//   - timeout: no complete answer within Options.Timeout. SYNs dropped because a backlog was full look like this.
//   - other: anything else: what the server sent is no HTTP, a status of 500 or above (the status is in Result.Failed), other
//     errors.
//
// Status 200 to 499 is an answer: that connection was served.
//
// In connect mode (no HTTP path) an attempt connects, shuts down its writing side and reads to the end: whatever the
// server says and however early it closes is fine, a reset is not.
//
// # What must not count against the server
//
// The client's own ports. Every connection of one source address to one target needs a port of its own for as long as its
// TIME_WAIT lasts (a minute) if the client closes first. Against IPv4 loopback targets the clients use 249 source addresses,
// 127.0.0.2 on; IP_BIND_ADDRESS_NO_PORT (ip(7)) leaves the choice of the port to connect(2), which needs it to be
// free for this one destination only. Elsewhere tcp_tw_reuse gives ports back after a second. An attempt for which the client
// has no port or no descriptor (EADDRNOTAVAIL, EMFILE, ENOBUFS) is made again until Timeout; then Run ends with an error.
// Likewise a unix connect(2) that finds the backlog full: a blocking client would wait, a non-blocking one gets EAGAIN and
// has to ask again.
package drill
