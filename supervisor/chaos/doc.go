// Package chaos is the proof that supervise survives what can happen to it: its tests run the real program with real workers
// under a load of new connections, and break things.
//
//	go test ./supervisor/chaos -run Chaos                  short: about a minute
//	go test ./supervisor/chaos -run Chaos -chaos.kills=200 -chaos.rounds=500 -timeout 1h
//
// Whatever is broken, the same must hold afterwards: no connection was refused, and none was lost but in a worker that was
// killed itself; no worker was restarted that was not killed; a rollout was completed or rolled back, never both and never
// neither; every hook ran once; no process and no descriptor is left over; and a manager that starts anew knows the same
// as the one before it.
//
// What is drawn at random comes from -chaos.seed, which a failure names.
//
// # How a test stops time
//
// Workers and hooks are the test binary. At each point of their lives they connect to the test and wait for its answer, so a
// rollout stands still at any step for as long as a test wants:
//
//	worker ── starting app 2 0 PID ──▶ test     before READY=1
//	worker ── serving  app 2 0 PID ──▶ test     behind READY=1; the answer "exit" ends it
//	worker ── draining app 2 0 PID ──▶ test     got its stop signal, has served what it had
//	hook   ── before_start app 2 0 PID ──▶ test the same for each hook
//	       ◀── go | exit ─────────────
package chaos
