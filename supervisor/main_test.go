package supervisor

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"

	handed "github.com/seed-da40d5ac/supervise/fdpass/worker"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// TestMain makes the test binary its own stage and its own workers.
func TestMain(m *testing.M) {
	prepare()
	switch {
	case len(os.Args) > 1 && os.Args[1] == "stage":
		syscall.Exit(stage.Main()) // os.Exit sleeps in -race builds
	case len(os.Args) > 2 && os.Args[1] == "worker":
		os.Exit(beWorker(os.Args[2], os.Args[3:]))
	}
	os.Setenv("GORACE", "atexit_sleep_ms=0") // workers built with -race end at once
	os.Exit(m.Run())
}

// beWorker is what the workers of these tests do.
func beWorker(role string, args []string) int {
	if role != "exists" {
		fmt.Println("worker", role, "of generation", os.Getenv("SUPERVISE_GENERATION"))
	}
	switch role {
	case "serve":
		return serve(func() string { return "" })
	case "moody": // answers 500 with what is in the file, while there is one
		return serve(func() string { text, _ := os.ReadFile(args[0]); return string(text) })
	case "fail":
		fmt.Println("the database is on fire")
		return 7
	case "hang":
		ignoreStop()
		time.Sleep(time.Hour)
	case "wait": // alive, tells nothing
		awaitStop()
	case "up": // what BenchmarkRestart starts
		fmt.Println("up")
		awaitStop()
	case "newline":
		number, _ := strconv.Atoi(os.Getenv(readyVariable))
		f := os.NewFile(uintptr(number), "ready")
		fmt.Fprintln(f, "up")
		f.Close()
		return beWorker("wait", nil)
	case "tree": // leaves a process that ignores its stop and is apart from it
		c := exec.Command(os.Args[0], "worker", "hang")
		c.SysProcAttr = apart()
		if err := c.Start(); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println("child", c.Process.Pid)
		return beWorker("wait", nil)
	case "env":
		for _, e := range os.Environ() {
			fmt.Println(e)
		}
		fmt.Println("that was all")
		return beWorker("wait", nil)
	case "must": // runs only with a variable
		if os.Getenv(args[0]) == "" {
			fmt.Println(args[0], "is not set")
			return 1
		}
		return beWorker("wait", nil)
	case "bind":
		return bindsItself(args)
	case "exists": // a check: succeeds when the file is there
		if _, err := os.Stat(args[0]); err != nil {
			return 1
		}
	case "say": // to the notify socket, as many messages as there are arguments
		for _, text := range args {
			if err := say(text); err != nil {
				fmt.Println(err)
				return 1
			}
		}
		return beWorker("wait", nil)
	case "watched": // never says WATCHDOG=1
		whose := "somebody else"
		if os.Getenv("WATCHDOG_PID") == strconv.Itoa(os.Getpid()) {
			whose = "this very process"
		}
		fmt.Printf("%s us, for %s\n", os.Getenv("WATCHDOG_USEC"), whose)
		return beWorker("say", []string{"READY=1"})
	case "rude":
		return serveRudely(args[0])
	case "touch":
		if err := os.WriteFile(args[0], nil, 0o600); err != nil {
			return 1
		}
	default:
		return beHere(role, args)
	}
	return 0
}

// serve answers every request with the worker's generation and process number, or 500 and what ails it.
func serve(ails func() string) int {
	l, err := handed.Listener("web")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	answer := fmt.Sprintf("%s %d", os.Getenv("SUPERVISE_GENERATION"), os.Getpid())
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if why := ails(); why != "" {
			http.Error(w, why, http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, answer)
	})}
	ctx := handed.Stopping(context.Background())
	if err := handed.Ready(); err != nil {
		fmt.Println(err)
	}
	if err := handed.Serve(ctx, srv, l); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// serveRudely takes its time for each request, and knows nothing of an end: a signal ends it in the middle. The time is a duration, or until
// somebody writes to the fifo of that path.
func serveRudely(pause string) int {
	d, err := time.ParseDuration(pause)
	wait := func() { time.Sleep(d) }
	if err != nil {
		wait = func() { _, _ = os.ReadFile(pause) }
	}
	l, err := handed.Listener("web")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	answer := fmt.Sprintf("%s %d", os.Getenv("SUPERVISE_GENERATION"), os.Getpid())
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		wait()
		_, _ = io.WriteString(w, answer)
	})
	if side, err := handed.Listener("side"); err == nil {
		go func() { _ = http.Serve(side, handler) }()
	}
	if err := handed.Ready(); err != nil {
		fmt.Println(err)
	}
	fmt.Println(http.Serve(l, handler))
	return 1
}

// bindsItself is a worker that knows nothing of its listener, and dies of any signal.
func bindsItself(addresses []string) int {
	var last net.Listener
	for _, address := range addresses {
		l, err := net.Listen("tcp4", address)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		last = l
	}
	answer := os.Getenv("SUPERVISE_GENERATION")
	fmt.Println(http.Serve(last, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })))
	return 1
}
