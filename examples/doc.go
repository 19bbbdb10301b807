// Package examples holds a worker per language, each with the app.hcl that runs it: a Go program on
// fdpass/worker, and Python, Node, C and shell programs that need nothing but the language. Its tests run
// every one of them under load, with workers coming and going.
package examples
