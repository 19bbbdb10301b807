// Command overseer serves with github.com/jpillora/overseer, which drains by itself.
package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/jpillora/overseer"

	"github.com/seed-da40d5ac/supervise/examples/servers/gosrv/internal/hello"
)

func main() {
	overseer.Run(overseer.Config{
		Address: os.Args[1],
		Program: func(state overseer.State) {
			fmt.Println("listening")
			_ = http.Serve(state.Listener, hello.Handler()) // returns when the listener is released
		},
	})
}
