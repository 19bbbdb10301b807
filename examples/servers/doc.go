// Command servers runs servers that know nothing of supervise under it, and counts the connections that they lose in rollouts:
//
//	go run ./examples/servers [-restarts 10] [-clients 16] [-connections 10000] [NAME...]
//
// It builds supervise. For every server there is a folder with the configuration that it needs and an app.hcl; both work as they
// are. The folder is copied to a place of its own with a free port in the place of the one that is written there, supervise runs
// app.hcl, and then it is checked, and checked again after the rollouts,
//
//   - that one socket listens on the port, and that it is the one that supervise holds and the worker's processes have,
//   - that its backlog is the configured one.
//
// The rollouts happen under load (package drill). The result is the Markdown table of README.md beside this file. The exit code is 1
// when a server lost connections that should not have, and when one could not be measured. Servers that are not installed are
// named, with what installs them.
package main
