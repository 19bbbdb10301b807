//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-da40d5ac/supervise/fdpass/worker"
)

var update = flag.Bool("update", false, "write the golden files")

// TestMain makes the test binary three programs: the tests, supervise itself (also as a stage, which is `supervise stage`), and a
// worker for it to run.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"supervise": main,
		"worker":    work,
	})
}

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

// program finds one of the three.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// soon is how long anything here may take before the test is given up; it decides nothing else.
const soon = 60 * time.Second
