//go:build unix

package supervisor

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	handed "github.com/seed-da40d5ac/supervise/fdpass/worker"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup/cgrouptest"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// TestMain makes the test binary its own stage and its own workers.
func TestMain(m *testing.M) {
	cgrouptest.Main()
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
		signal.Ignore(syscall.SIGTERM)
		select {}
	case "wait": // alive, tells nothing
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
	case "up": // what BenchmarkRestart starts
		fmt.Println("up")
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM)
		<-stop
	case "newline":
		fd, _ := strconv.Atoi(os.Getenv("READY_FD"))
		f := os.NewFile(uintptr(fd), "ready")
		fmt.Fprintln(f, "up")
		f.Close()
		return beWorker("wait", nil)
	case "tree": // leaves a process that ignores SIGTERM in a session of its own
		c := exec.Command(os.Args[0], "worker", "hang")
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
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
	case "bind":
		return bindsItself(args)
	case "exists": // a check: succeeds when the file is there
		if _, err := os.Stat(args[0]); err != nil {
			return 1
		}
	case "spoil":
		return spoil(args[0])
	case "say": // to the notify socket, as many messages as there are arguments
		for _, text := range args {
			if err := say(text); err != nil {
				fmt.Println(err)
				return 1
			}
		}
		return beWorker("wait", nil)
	case "hand over": // to a child that is the main process from now on
		c := exec.Command(os.Args[0], "worker", "wait")
		if err := c.Start(); err != nil {
			fmt.Println(err)
			return 1
		}
		if err := say(fmt.Sprintf("MAINPID=%d\nREADY=1", c.Process.Pid)); err != nil {
			fmt.Println(err)
			return 1
		}
		select {}
	case "watched": // never says WATCHDOG=1
		whose := "somebody else"
		if os.Getenv("WATCHDOG_PID") == strconv.Itoa(os.Getpid()) {
			whose = "this very process"
		}
		fmt.Printf("%s us, for %s\n", os.Getenv("WATCHDOG_USEC"), whose)
		return beWorker("say", []string{"READY=1"})
	case "store":
		return storeSome()
	case "rude":
		return serveRudely(args[0])
	case "census":
		censusOf(args[0], args[1])
	case "touch":
		if err := os.WriteFile(args[0], nil, 0o600); err != nil {
			return 1
		}
	}
	return 0
}

// say sends a message to the worker's notify socket.
func say(text string) error {
	c, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = io.WriteString(c, text)
	return err
}

// storeSome stores four pipes and lets go of three: by name, and by closing the other ends.
func storeSome() int {
	var writers []*os.File
	for _, text := range []string{"FDSTORE=1\nFDNAME=removed", "FDSTORE=1\nFDNAME=gone", "FDSTORE=1\nFDNAME=unpolled\nFDPOLL=0", "FDSTORE=1"} {
		r, w, err := os.Pipe()
		if err == nil {
			err = sayWith(text, r)
		}
		if err != nil {
			fmt.Println(err)
			return 1
		}
		r.Close()
		writers = append(writers, w)
	}
	for _, text := range []string{"FDSTOREREMOVE=1\nFDNAME=removed", "READY=1"} {
		if err := say(text); err != nil {
			fmt.Println(err)
			return 1
		}
	}
	for _, w := range writers[1:] {
		w.Close()
	}
	return beWorker("wait", nil)
}

// sayWith sends a message with a descriptor.
func sayWith(text string, f *os.File) error {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	return syscall.Sendmsg(fd, []byte(text), syscall.UnixRights(int(f.Fd())), &syscall.SockaddrUnix{Name: os.Getenv("NOTIFY_SOCKET")}, 0)
}

// spoil does to its listener what a worker should not do, and serves nobody.
func spoil(how string) int {
	var err error
	switch how {
	case "shutdown once": // only the first generation
		if os.Getenv("SUPERVISE_GENERATION") == "1" {
			err = syscall.Shutdown(3, syscall.SHUT_RDWR)
		}
	case "backlog":
		err = syscall.Listen(3, 1)
	case "shutdown":
		err = syscall.Shutdown(3, syscall.SHUT_RDWR)
	case "close":
		err = syscall.Close(4)
	}
	if err == nil {
		err = say("READY=1")
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return beWorker("wait", nil)
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

// serveRudely takes its time for each request, and knows nothing of an end: a signal ends it in the middle.
func serveRudely(pause string) int {
	d, err := time.ParseDuration(pause)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	l, err := handed.Listener("web")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	answer := fmt.Sprintf("%s %d", os.Getenv("SUPERVISE_GENERATION"), os.Getpid())
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(d)
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

// censusOf prints how many connections a process has at a port.
func censusOf(pid, port string) {
	root, _ := strconv.Atoi(pid)
	at, _ := strconv.Atoi(port)
	fmt.Println(connections([]holder{{process: keeper.Process{Root: root}, ports: []uint16{uint16(at)}}})[0])
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
