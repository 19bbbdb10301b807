package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

// work is an HTTP worker: it says who it is, and does what its path says.
func work() {
	ctx := worker.Stopping(context.Background())
	l, err := worker.Listener("web")
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
	name := fmt.Sprintf("generation %s worker %s pid %d", os.Getenv("SUPERVISE_GENERATION"), os.Getenv("SUPERVISE_WORKER"), os.Getpid())
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, name) })
	mux.HandleFunc("/crash", func(http.ResponseWriter, *http.Request) { os.Exit(7) })
	mux.HandleFunc("/environ", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, strings.Join(os.Environ(), "\n")) })
	fmt.Println("serving as", name)
	if err := errors.Join(worker.Ready(), worker.Serve(ctx, &http.Server{Handler: mux}, l)); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// soon is how long anything here may take before the test is given up; it decides nothing else.
const soon = 60 * time.Second
