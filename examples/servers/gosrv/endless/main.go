// Command endless serves with github.com/fvbock/endless, which drains by itself.
package main

import (
	"log"
	"os"
	"syscall"

	"github.com/fvbock/endless"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
)

func main() {
	hello.Insist(syscall.SIGTERM) // endless tells its parent that it serves, and heeds signals after that
	log.Println(endless.ListenAndServe(os.Args[1], hello.Handler()))
}
