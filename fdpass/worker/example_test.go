package worker_test

import (
	"context"
	"io"
	"log"
	"net/http"

	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

// A whole worker: it takes the listener "web" from supervise, or opens port 8080 itself when run bare.
func Example() {
	ctx := worker.Stopping(context.Background())
	l, err := worker.Listen("web", "tcp", "127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "hello\n")
	})
	if err := worker.Ready(); err != nil {
		log.Print(err)
	}
	if err := worker.Serve(ctx, &http.Server{Handler: handler}, l); err != nil {
		log.Fatal(err)
	}
}

// Several listeners have a server each.
func ExampleListeners() {
	ctx := worker.Stopping(context.Background())
	all, err := worker.Listeners()
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	for _, l := range all {
		go func() { ended <- worker.Serve(ctx, &http.Server{}, l) }()
	}
	_ = worker.Ready()
	for range all {
		if err := <-ended; err != nil {
			log.Print(err)
		}
	}
}
