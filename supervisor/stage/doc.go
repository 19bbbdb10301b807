// Package stage is the last step before a worker: what runs in the child
// between the keeper's fork and the worker's exec.
//
// Go has no hook there, and some things can only be done in that place: the
// child's own pid goes into LISTEN_PID, descriptors move to exact numbers,
// identity and limits change for the worker alone. So the keeper starts its
// own binary as `supervise stage`, which calls [Main]; Main does one thing
// after the other and replaces itself by the command.
//
// The two talk over two pipes (the plan may also lie ready in a file) and a row
// of descriptors:
//
//	keeper                          stage
//	  │ ── 0: plan (JSON), EOF ────▶ │   what to do; strict, bounded
//	  │ ── 2: supervise's stderr ──▶ │   only for a crash of the stage itself
//	  │ ── 3, 4, ...: descriptors ─▶ │   the i-th goes to Plan.Numbers[i]
//	  │ ◀── 1: "exec\n" ──────────── │   everything is set, execve comes now
//	  │ ◀── 1: failure (JSON), EOF ─ │   or: it cannot be done, and why
//	  │ ◀── 1: EOF after "exec\n" ── │   execve closed the pipe: it worked
//
// EOF without "exec\n" means that the stage died; [ReadStatus] tells these
// apart. The status pipe is close-on-exec, so the worker never sees it.
//
// The stage must not start Go's network poller: its epoll descriptor could sit
// on a number that a worker wants, and overwriting it kills the runtime. That
// is why everything here reads and writes with bare system calls, and why the
// keeper starts it with [Environ].
//
// On Windows there is no such step: [Plan.Launch] gives what CreateProcess is called with.
package stage
