package drill

import "fmt"

// explanations have the class that Explain puts the number to, what it means and how to fix the worker.
var explanations = [numClasses]string{
	refused: `nobody listened on the address, or the unix path was gone. While supervise holds the listener that cannot happen, so a worker spoiled it: ` +
		`it called shutdown() on the shared listener (close() alone is right), removed the unix path when it exited, or opened the address itself ` +
		`(SO_REUSEPORT) instead of using the descriptor it was given. Fix: take the listener from LISTEN_FDS (Go: worker.Listeners), never unlink its path.`,
	reset: `the worker took the connection, or it waited in the queue, and the kernel reset it. Usual causes: the process exited with connections ` +
		`accepted but not read; it called shutdown() on the shared listener, which resets all that wait in its queue; each worker has its own SO_REUSEPORT ` +
		`socket, whose queue dies with it. Fix: on the stop signal stop accepting first, then serve what was accepted, then exit (in Go: worker.Serve); ` +
		`share the listener that supervise passes; raise stop.timeout if the worker was killed.`,
	eof: `the worker took the connection and closed it without a complete response. Usual causes: http.Server.Shutdown of Go by itself, which drops connections ` +
		`that were accepted a moment before (use worker.Serve); an event loop that is stopped, or a process that exits, while responses are being written. ` +
		`Fix: stop accepting, finish every accepted connection including those that have not sent anything yet, then exit.`,
	timeout: `no complete answer in time. Usual causes: no worker was accepting, so connections waited in the backlog (the new one counted as ready too early: ` +
		`use ready.when = "notify"); the backlog was full and the kernel dropped connection requests (compare backlog and queue in "supervise status", raise backlog and ` +
		`net.core.somaxconn); two workers share a listener of which one has changed the blocking mode; or the worker is just slow (add workers).`,
	other: `the answer was an error (HTTP status 500 or above) or no HTTP at all. Usual causes: the worker answers before what it needs is loaded ` +
		`(say it is ready later), or answers 503 while it drains (serve what was accepted, clients cannot know); a wrong --http for this listener. The first few are listed.`,
}

// Explain says for each class of loss that occurred what it means and how to fix the worker. Empty if nothing was lost.
func (r Result) Explain() []string {
	counts := [numClasses]int{refused: r.Refused, reset: r.Reset, eof: r.EOF, timeout: r.Timeout, other: r.Other}
	var list []string
	for kind, n := range counts {
		if n > 0 {
			list = append(list, fmt.Sprintf("%d %s: %s", n, class(kind), explanations[kind]))
		}
	}
	return list
}
