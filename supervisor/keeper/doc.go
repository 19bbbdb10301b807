// Package keeper owns kernel objects for supervise, descriptors and children,
// and decides nothing.
//
// A [Keeper] keeps named descriptors and texts, spawns workers, reports their
// exits and signals them. Everything that must outlive the part that decides, the
// manager, lives here. There are two:
//
//	[Local]   inside this process: other systems, tests
//	[Client]  a manager's end of the connection to a keeper process ([Main])
//
//	supervise            keeper process: Main. Holds, forks, reaps; the pid the user started
//	 ├─ supervise manager      Connect gives a Client. May be killed at any time, and is started again
//	 └─ supervise stage        becomes a worker
//
// # A worker's life
//
//	Spawn ──fork──▶ supervise stage ──exec──▶ worker ──exit──▶ zombie ──Forget──▶ gone
//	                     │ failure: reaped, Spawn reports it      │
//	                                                 Wait returns ┘ (any number of times)
//
// The exit is seen with waitid(2) and WNOWAIT: until Forget the zombie stays, so
// its pid, its process group and its session keep meaning this worker, and Kill
// can still find what the worker left behind. Signals go through pidfds, never
// to a pid, hence never to a stranger that got the number of a process just gone. A
// worker that has a control group (package cgroup) is born in it and killed by it;
// Forget removes it.
//
// # A manager's life
//
//	Connect ──▶ Inventory ──▶ … takes back or starts … ──▶ Ready ──▶ … ──▶ End
//	   │ Welcome.Trial: reads everything, acts on nothing ──▶ Tried ──▶ Inventory …
//
// It may end anywhere in this: what it has sent is carried out, what is kept and who
// runs stays, and the next one begins with the Inventory. The protocol is drawn in
// wire.go, an upgrade in upgrade_linux.go, and what a keeper leaves for the program
// that replaces it in handover.go.
//
// The keeper process itself is started with [Become] and never ends but by End, by
// the third signal to stop, or by the first when no manager lives. While it replaces
// its program, a few milliseconds in each upgrade, SIGHUP, SIGINT and SIGTERM are not
// heard, and a SIGTERM in the last of them ends it: Go's runtime lets no program
// block or ignore that from its first instruction on. See stopListening.
//
// # On Windows
//
// There is the Local keeper only, and no stage: CreateProcess takes what one would do.
//
//	CreateProcess ── in a job object of its own, with its handles ──▶ worker ──exit──▶ Wait returns
//	  │ failure: nothing was started                                    │ ▲
//	  └── STOP_EVENT=Local\supervise-…  in its environment ───────────▶┘ └ SIGTERM: SetEvent, or Ctrl-Break
//
// A worker waits for the event of that name (OpenEvent with SYNCHRONIZE) and ends. Whether one does is seen by the number of
// handles of the event; Ctrl-Break is for those that do not know it, and only reaches those in the same console. The
// last handle of the job is the keeper's: with it, whether closed by Forget, by Close or by the death of supervise, all that is
// left in the job ends. A process that a worker starts cannot leave the job.
//
// Standard streams are duplicates. Other files keep their value and can be inherited for the moment of CreateProcess
// only, which names them one by one (PROC_THREAD_ATTRIBUTE_HANDLE_LIST). Exits are waited for by one thread for each 63 workers.
package keeper
