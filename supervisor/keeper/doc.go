// Package keeper owns kernel objects for supervise, descriptors and children,
// and decides nothing.
//
// A [Keeper] holds named descriptors, spawns workers, reports their exits and
// signals them. Everything that must outlive the part that decides lives here.
// Arguments are ids, names and plain values with descriptors beside them, so
// that the same interface can be spoken over a socket to another process.
//
// [Local] is the implementation inside the process. A worker's life in it:
//
//	Spawn ──fork──▶ supervise stage ──exec──▶ worker ──exit──▶ zombie ──Forget──▶ gone
//	                     │ failure: reaped, Spawn reports it      │
//	                                                 Wait returns ┘ (any number of times)
//
// The exit is seen with waitid(2) and WNOWAIT: until Forget the zombie stays, so
// its pid, its process group and its session keep meaning this worker, and Kill
// can still find what the worker left behind. Signals go through pidfds, never
// to a pid, hence never to a stranger that got the number of a process just gone.
package keeper
