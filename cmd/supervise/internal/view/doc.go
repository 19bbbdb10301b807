// Package view shows things to people: tables, colours, the plan of `check`, and a rollout while it goes on. It knows nothing
// of sockets and processes: what it shows comes in, text goes out.
package view
