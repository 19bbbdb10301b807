// Package supervisor decides: which services run, in which generation, with which sockets. It starts, judges, promotes, drains and
// retires; what it decides is carried out by a keeper (processes) and a registry (sockets).
//
// # The life of a socket
//
//	app.hcl ──config.Load──▶ config.Listener
//	        ──registry─────▶ fdpass.Open: socket, options, bind, listen(backlog); held until the config drops it
//	        ──service──────▶ the sockets this service asked for, in its order
//	        ──handoff──────▶ fd numbers + environment + arguments in the worker's dialect
//	        ──keeper───────▶ spawn `supervise stage` with exactly these descriptors
//	        ──stage────────▶ LISTEN_PID, user, limits, exec
//	        ──worker───────▶ accept; says it is ready; the next rollout repeats the last four
//
// # Who owns what
//
// A Manager has one loop that owns the configuration and the list of services. Every service has a loop of its own that owns its
// generations, their slots and workers, and its rollout. Nobody else touches these: other goroutines post notes. A worker lives once;
// its life is the table life. What follows a worker is its slot's matter (a restart, later and later), what follows a generation the
// rollout's. Loops never wait for each other: what takes time is done by a goroutine that posts the result.
//
// # What outlives it
//
// The process of a Manager may be killed at any instant. Every service saves its state with the keeper after each note, and only then
// come the effects of the note: a process is started, a signal sent, an exit acknowledged, a caller answered (service.later). What
// is held for a process has the name of the process. So a Manager that starts finds intentions (the state) and facts (the inventory
// of the keeper) and makes them agree: what is decided and not there is done, what is there and not decided is cleared away.
// Messages and lines leave their socket or pipe when they have been taken in. The first start is the case in which there is nothing.
//
// The socket of a listener may come from another program (registry, take.go), and go to others: serve blocks (package broker) and whoever
// asks over the control socket. A serve block's own socket is a listener of the registry like the others.
//
// A program that knows nothing of its listeners is given none: it asks, by bind(2) and listen(2), and answer.go answers with the sockets of its
// leases (package adopt). What it asks by is held by the keeper like all else that is held for a process, so that a question outlives
// the manager that was to answer it.
//
// A service reaches processes through the interface runner, whose real form is host, and sockets through leases of the registry, with
// which it can use them but not close them.
//
// On Windows the keeper is in this process, and workers end with it: nothing is held for a manager after this one. A socket has the same
// value in the worker as here (LISTEN_HANDLES), READY_HANDLE is that of the pipe of ready.when = "newline", NOTIFY_SOCKET a named pipe.
//
// # Where to look
//
//	manager.go verbs.go verbsbyhand.go reload.go   what can be asked of the whole
//	sockets.go, handover.go         what is opened, taken over and given away
//	service.go operation.go         one service: its loop, and what can be asked of it, one thing at a time
//	rollout.go promote.go           overlap, replace, rolling; promotion and rollback
//	canary.go reserve.go byhand.go steer.go      who gets new connections: canaries, the generation that is kept, what people say
//	life.go phase.go worker.go      one worker, from its start to its end
//	health.go check.go ask.go probe.go      whether it is well while it serves, asked of the very worker
//	drain.go census.go              its connections: how many there are, and when the last one is gone
//	generation.go backoff.go        its place between workers before and after it
//	state.go save.go extra.go library.go         what is saved of it, and when
//	left.go takeover.go settle.go restore.go resume.go inherit.go rebuild.go   going on from an earlier manager
//	groups.go grouped.go            the control group of each worker, and its limits
//	host.go child.go ready.go hook.go lines.go   processes: what they are given, how they are heard
//	channels.go served.go store.go  what a handoff may need beside sockets: words of readiness, sockets to ask at, descriptors for later workers
//	layout.go identity.go plan.go   what a worker will be given, worked out without starting anything
//	system_unix.go, system_windows.go            what is otherwise on Windows
//	adopted.go answer.go planadopt.go            programs that know nothing of their listeners
//	event.go report.go logs.go status.go         what is told to people and programs
package supervisor
