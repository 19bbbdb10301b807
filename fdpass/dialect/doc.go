// Package dialect knows the conventions by which programs learn which of their
// descriptors are listening sockets. Each convention is a pure function from
// the sockets of a service to environment variables and descriptor numbers, in
// a file of its own that names where the format was read; one table lists them.
//
// Several conventions may be spoken at once, because a program ignores the
// variables it does not know: that is why a service gets systemd, einhorn and
// server-starter together unless it is told otherwise.
//
//	sockets of the service ──Combine──▶ Plan{Numbers, Env, OwnPID, ParentPID} ──stage──▶ worker
//	worker's environment ──ParseSystemd──▶ []Received
//
// Nothing here opens, duplicates or closes a descriptor, or reads this process's
// environment. Two kinds of variable cannot be known before the worker exists,
// its own pid and its parent's: Plan only names those, and the stage, which is the
// process that becomes the worker, fills them in.
package dialect
