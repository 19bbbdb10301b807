// Command hello is the smallest useful Go worker: it answers every request with who answered it.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"

	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

func main() {
	log.SetFlags(0)
	if err := run(worker.Stopping(context.Background())); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	// Run bare (./bin/hello), it opens the port itself.
	l, err := worker.Listen("web", "tcp", "127.0.0.1:8080")
	if err != nil {
		return err
	}
	log.Printf("listening on %s", l.Addr())
	if err := worker.Ready(); err != nil {
		return err
	}
	return worker.Serve(ctx, &http.Server{Handler: http.HandlerFunc(hello)}, l)
}

func hello(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintf(w, "hello from go: generation %s worker %s pid %d\n",
		os.Getenv("SUPERVISE_GENERATION"), os.Getenv("SUPERVISE_WORKER"), os.Getpid())
}
