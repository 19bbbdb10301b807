// Package proctree tells which processes belong to a worker: itself, its
// descendants, its session and process group, and those that escaped from all
// of these by a double fork and setsid(2), as daemons do.
//
// What escaped is found by a mark: a variable in the environment that each
// process inherits from its parent and that is different for each worker.
// A program that overwrites its environment (as some do to change what ps
// shows) or starts others with a clean one removes the mark; then the session,
// the process group and the chain of parents still hold.
//
// Nothing gets out of a control group but by its own wish: where the keeper has
// put the worker into one, that is all it takes.
//
// Everything is read from /proc on Linux. On Windows a tree is what is in its job
// object, which nothing leaves; without one it is the chain of parents. Other
// systems know the process group and the session only.
package proctree
