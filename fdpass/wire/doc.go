// Package wire speaks the protocols by which other programs hand sockets to each other over SCM_RIGHTS (unix(7)), so that
// they get listeners from supervise, and give theirs to it, unmodified.
//
//	served    haproxy       what `haproxy -x PATH` asks of the process before it
//	          zerg          what `uwsgi --zerg PATH` asks
//	          s6-fdholder   what the s6-fdholder-* programs ask; peers may also store and delete
//	          multibinder   what a MultiBinder client asks
//	          einhorn       no descriptors: a worker's "I am ready" on the control socket
//	          systemfd      what Rust's listenfd asks on Windows, over TCP: no SCM_RIGHTS but WSADuplicateSocket
//	spoken    FetchHAProxy  takes the listeners of a running HAProxy
//	          FetchFDHolder takes one descriptor from an s6-fdholderd
//	          FetchSystemfd takes the sockets that a systemfd gives
//
// The listening socket, who may connect to it and how many at a time are the caller's affair. Here is one dialogue: Serve
// owns the connection and ends it. Every message has a bound, every wait has an end, everything that came from a peer is
// collected before it is judged and closed unless it was asked for, and what is not exactly the protocol ends the
// dialogue with an error.
package wire
