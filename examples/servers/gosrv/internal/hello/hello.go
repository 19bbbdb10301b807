// Package hello is what the servers have in common.
package hello

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// Server says hello.
func Server() *http.Server { return &http.Server{Handler: Handler()} }

// Handler says hello in the name of the program.
func Handler() http.Handler {
	text := fmt.Sprintf("hello from %s\n", filepath.Base(os.Args[0]))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
}

// Insist has a signal that comes come again every 10 ms, until the program ends. For libraries that are told to be ready, or say so,
// a moment before they listen to it: in between it would end the program with what that has accepted, or get lost. To be called first.
func Insist(sig syscall.Signal) {
	came := make(chan os.Signal, 1)
	signal.Notify(came, sig) // for good: from here on it ends nothing by itself
	go func() {
		for range came {
			time.Sleep(10 * time.Millisecond)
			_ = syscall.Kill(os.Getpid(), sig)
		}
	}()
}

// Must ends the program on an error.
func Must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
