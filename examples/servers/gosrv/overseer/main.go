// Command overseer serves with github.com/jpillora/overseer, which drains by itself.
package main

import (
	"fmt"
	"net/http"
	"os"
	"syscall"

	"github.com/jpillora/overseer"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
)

func main() {
	hello.Insist(syscall.SIGUSR2) // overseer misses a signal that comes before the goroutine that waits for it
	overseer.Run(overseer.Config{
		Address: os.Args[1],
		Program: func(state overseer.State) {
			fmt.Println("listening")
			_ = http.Serve(state.Listener, hello.Handler()) // returns when the listener is released
		},
	})
}
