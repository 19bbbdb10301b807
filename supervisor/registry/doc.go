// Package registry is the one place that opens and closes sockets. Services lease them; nothing a service does can
// close a listener.
//
//	Prepare ── everything new is opened beside what is held, nothing old is touched
//	   ├─ Abort   the new ones are closed, all is as before
//	   └─ Commit  live changes are applied (all or none), removed listeners wait for their last lease
//	Acquire ── a generation takes its sockets ── Release ── a removed listener without leases is closed
//
// A socket stays open while the configuration names it or a lease on it is held. What a listener is recognised by in a
// new configuration is its address: under another name it stays the same open socket.
//
// # Other programs' sockets
//
// A new listener with take_from is not opened but taken from whoever has it: a duplicate of the descriptor, so that program goes on
// to accept beside our workers until it is stopped. What the vault or a service manager has comes first. The source is asked before the
// change is prepared, because that may take seconds. A source that is not there, or has no such socket, is no error: then the
// socket is opened, and the kernel refuses that where somebody is in the way. The path of a unix socket becomes ours with the Commit and
// not before, since a change that is given up must not touch it.
//
// # Several sockets at one address
//
// With sharing "generation" or "worker" a listener has members: sockets with SO_REUSEPORT, of which package steer tells the kernel who gets a
// new connection. The first is open from the Commit on and belongs to nobody; the first generation takes it (Lease.Open), later ones get
// their own. New connections go to the members of the generation that was promoted last, rather to those whose workers are up; where it has
// none, to those that belong to nobody, else to whom they went before. Rest opens a member for nobody, at which clients wait and which the next
// generation takes. When the last lease of a generation ends its members belong to nobody, and are closed if others get the new
// connections: at once where the kernel moves those who wait, else when nobody waits or some seconds have passed. One member always stays.
//
// The order in which members listen is the kernel's numbering. It is in the ledger, with those that are being opened or closed: what a later
// process finds that does not listen has left, or never came, and the last one has taken its place.
//
// # What a worker does to a shared socket
//
// Every holder of a socket can change it for all others: listen(2) again with another backlog, shutdown(2) it, set or
// clear O_NONBLOCK, unlink its path. The registry puts it back and logs which worker did it, as well as that can be
// known: the worker whose event is being handled; otherwise those that are just starting, have just become ready or are
// draining; otherwise all that hold it. It looks when a worker event arrives, once more shortly after a worker became
// ready, when Status is asked for, and when the kernel reports a shutdown or a vanished path. It never polls. Programs outside
// that were given a listener can do the same; for two minutes after that it is looked at ever less often.
//
// O_NONBLOCK is one flag of the open file description, so all generations share it: set, it breaks programs that block
// in accept; cleared, it hangs those that do not. It is what the promoted generation asked for. Before any generation
// is promoted the first worker that changes it decides. Another generation or service that changes it while the
// deciding one lives gets it put back and both are named in a warning; its wish is applied when it is promoted and the
// older ones are gone. When nobody holds the listener any more the flag returns to what it was at first (blocking for
// a socket opened here, as systemd would give it).
//
// # The process after this one
//
// With Options.Vault every socket is held under a key, "listener/7", that it keeps under every name and that is used
// once, and everything that is known of it is saved as a ledger. What is intended is saved before it is done: a new
// socket is in the ledger, then opened, then held, and only then committed; one that goes is first no longer configured
// in the ledger, then closed, then dropped. So a process that is killed at any instant leaves every listener that was
// committed, and the next one knows what each descriptor in the vault is for:
//
//	New(Before) ── every listener is there, nothing is touched
//	Reacquire ── the generations have their leases again
//	WorkerEvent ── who lives, how far has it come
//	Prepare, Commit ── now what workers did meanwhile is judged and put back, and what nobody wants is closed
//
// What cannot be written down is asked from the kernel: whether a filter of Hold is on a socket, whose a path is.
package registry
