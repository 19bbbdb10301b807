// Package broker gives listeners of supervise to other programs: the servers of serve blocks. Each block is a unix stream socket at
// which programs ask in a protocol that they know already (package wire) and get duplicates of the block's listeners.
//
//	program ──connect──▶ serve "fdholder" ──SO_PEERCRED──▶ wire.Serve ──Store──▶ registry: duplicates of listeners
//	                                                                      └────▶ what programs have stored
//
// The sockets themselves belong to the registry, as listeners called "serve/NAME": so they are opened, changed, removed, kept
// over the end of the process and put back at their path like all others, together with them or not at all. A broker only
// accepts at them. Who connects while no manager lives waits.
//
// Programs that speak s6-fdholder may store descriptors, where the block allows the identifier. These are held by the keeper as
// "stored/NAME/7", and what they are is saved under StateName before that: a process that is killed at any instant leaves what it has
// said yes to, and nothing that nobody knows of.
//
// A program that sends nonsense, or nothing, has its own connection closed after a while. When a block has too many connections, the
// one that has been open for the longest goes: a dialogue takes milliseconds.
package broker
