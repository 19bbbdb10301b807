package chaos

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

// work is an HTTP worker that loses no connection, not even when it fails: it serves what it has accepted first.
func work() int {
	signal.Ignore(syscall.SIGHUP)
	ctx := worker.Stopping(context.Background())
	if ask("starting") == exit {
		fmt.Println("told to fail before being ready")
		return 3
	}
	l, err := worker.Listener("web")
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		return 1
	}
	failed := make(chan struct{})
	serving, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		if ask("serving") == exit {
			close(failed)
			stop()
		}
	}()
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, os.Getpid()) })
	if err := worker.Ready(); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		return 1
	}
	if err := worker.Serve(serving, &http.Server{Handler: handler}, l); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		return 1
	}
	select {
	case <-failed:
		fmt.Println("told to fail after being ready")
		return 4
	default:
	}
	ask("draining")
	return 0
}

// hook notes that it runs, and that it has ended.
func hook(name string) int {
	id := fmt.Sprintf("%s %s %d", name, os.Getenv("SUPERVISE_SERVICE"), number("SUPERVISE_GENERATION"))
	note(id + " begins")
	answer := ask(name)
	note(id + " ends")
	if answer == exit {
		return 5
	}
	return 0
}

// note appends a line in one write(2), for several may do so at once.
func note(line string) {
	f, err := os.OpenFile(os.Getenv("CHAOS_HOOKS"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		fmt.Fprintln(os.Stderr, "hook:", err)
		os.Exit(1)
	}
	defer f.Close()
	fmt.Fprintln(f, line)
}

// self is the file of the test binary.
func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err) // Linux always knows
	}
	return path
}
