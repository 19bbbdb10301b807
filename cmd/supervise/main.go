// Supervise keeps services running behind listening sockets that never close. See the README.
package main

import (
	"os"

	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

func main() {
	// A stage runs once for every worker, right before it: nothing else may be set up before.
	if len(os.Args) > 1 && os.Args[1] == "stage" {
		os.Exit(stage.Main())
	}
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}
