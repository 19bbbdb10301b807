// Package doctor finds out what this kernel lets this user do, and says what to change.
//
//	Ask ──starts──▶ supervise probe wait     a process to be looked at, as a worker is
//	    ──starts──▶ supervise probe PID      tries everything, on itself and on that process; writes Facts
//	Facts + Needs of a configuration ──Judge──▶ Findings
//
// Trying is for a process of its own: it puts a system call filter on itself, opens sockets and ends. What is tried is a sibling of the
// process that is looked at, because the manager and its workers are.
package doctor
