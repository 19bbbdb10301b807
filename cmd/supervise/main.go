// Supervise keeps services running behind listening sockets that never close. See the README.
package main

import (
	"os"

	"github.com/seed-da40d5ac/supervise/supervisor/doctor"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// main is five programs: the keeper, which the user starts; the manager, which decides; the stage, which becomes a worker; the probe,
// which tries what the kernel can do; and the commands that talk to a manager. The small ones come first: nothing may be set up before them.
func main() {
	verb := ""
	if len(os.Args) > 1 {
		verb = os.Args[1]
	}
	switch {
	case verb == "stage" && len(os.Args) > 2:
		os.Exit(stage.MainInPlace(os.Args[2]))
	case verb == "stage":
		os.Exit(stage.Main())
	case verb == doctor.Verb:
		os.Exit(doctor.Main(os.Args[2:]))
	case os.Getenv(keeper.Variable) != "":
		os.Exit(keeper.Main(keeper.Options{Program: onDisk(), Args: os.Args[1:]}))
	case verb == "manager":
		os.Exit(manage(os.Args[2:]))
	}
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}
