package supervisor

// phase is where a worker is in its life. A worker lives once: what comes after it (a restart, a backoff, the next
// generation) is decided by its service.
type phase int

const (
	starting phase = iota // being spawned, or running and not ready yet
	ready                 // serves
	draining              // finishes what it has; it got its stop signal, or gets it when its connections are gone
	killing               // got SIGKILL, its whole process tree
	gone
	numPhases
)

var phaseNames = [numPhases]string{"starting", "ready", "draining", "killing", "gone"}

func (p phase) String() string { return phaseNames[p] }

// trigger is what moves a worker from one phase to the next.
type trigger int

const (
	becameReady trigger = iota
	stopAsked           // somebody wants it to finish
	ranOut              // the deadline of its phase: ready.timeout, the watchdog, stop.timeout
	exited              // its main process is gone, or never came to be
	numTriggers
)

// life is the whole life cycle of a worker.
var life = [numPhases][numTriggers]phase{
	//         becameReady stopAsked ranOut   exited
	starting: {ready, draining, killing, gone},
	ready:    {ready, draining, killing, gone},
	draining: {draining, draining, killing, gone},
	killing:  {killing, killing, killing, gone},
	gone:     {gone, gone, gone, gone},
}
