// Package legacy has servers that know nothing of supervise, as they are: none drains, none takes a socket, all are killed. With
// handoff = ["adopt"] no restart of them loses a connection. Each folder has the configuration and, where it is not a program that
// everybody has, the server; its app.hcl works as it is once the programs in C and Go are built as it says.
package legacy
