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

	"github.com/seed-da40d5ac/supervise/supervisor/cgroup/cgrouptest"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// prepare is what comes before all else in every process of these tests.
func prepare() { cgrouptest.Main() }

// beHere is what workers do on unix alone.
func beHere(role string, args []string) int {
	switch role {
	case "spoil":
		if len(args) > 1 {
			_, _ = os.ReadFile(args[1]) // a fifo: until somebody has written to it
		}
		return spoil(args[0])
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
	case "store":
		return storeSome()
	case "census":
		censusOf(args[0], args[1])
	case "twice":
		return listensTwice(args[0])
	}
	return 0
}

// listensTwice is a server with two sockets at an address, as for two processes, that closes one at SIGUSR1.
func listensTwice(address string) int {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	plain.Control = func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, reusePort, 1) })
	}
	fewer := make(chan os.Signal, 1)
	signal.Notify(fewer, syscall.SIGUSR1)
	var last net.Listener
	for range 2 {
		l, err := plain.Listen(context.Background(), "tcp4", address)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		last = l
		go func() {
			_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "twice") }))
		}()
	}
	<-fewer
	last.Close()
	select {}
}

// reusePort is SO_REUSEPORT of Linux, where alone this role is played.
const reusePort = 15

// readyVariable tells a worker where it writes its line.
const readyVariable = "READY_FD"

func ignoreStop() { signal.Ignore(syscall.SIGTERM) }

func awaitStop() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	<-stop
}

// apart has a child leave the session of its parent.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

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

// censusOf prints how many connections a process has at a port.
func censusOf(pid, port string) {
	root, _ := strconv.Atoi(pid)
	at, _ := strconv.Atoi(port)
	fmt.Println(connections([]holder{{process: keeper.Process{Root: root}, ports: []uint16{uint16(at)}}})[0])
}
