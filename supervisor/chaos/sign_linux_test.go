package chaos

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// signs are the ways in which a worker says that it is ready, as the programs do it that they come from.
var signs = map[string]func() error{
	"newline":   func() error { return writeTo("READY_FD", "\n") },
	"crank":     func() error { return writeTo("NOTIFY_FD", "READY=1") },
	"uwsgi":     func() error { return writeTo("UWSGI_EMPEROR_FD", "\x05") },
	"pm2":       func() error { return writeTo("NODE_CHANNEL_FD", "\"ready\"\n") },
	"tableflip": func() error { _, err := unix.Write(3, []byte{42}); return err },
	"upstart":   func() error { return syscall.Kill(os.Getpid(), syscall.SIGSTOP) },
	"einhorn":   acknowledge,
	"endless":   func() error { return syscall.Kill(os.Getppid(), syscall.SIGTERM) },
	"grace":     func() error { return syscall.Kill(os.Getppid(), syscall.SIGTERM) },
	"goagain": func() error {
		pid, _ := strconv.Atoi(os.Getenv("GOAGAIN_PPID"))
		sig, _ := strconv.Atoi(os.Getenv("GOAGAIN_SIGNAL"))
		return syscall.Kill(pid, syscall.Signal(sig))
	},
	"overseer": func() error {
		if err := syscall.Kill(os.Getppid(), syscall.SIGUSR1); err != nil {
			return err
		}
		return sendNotify("READY=1", nil)
	},
	"store": storeAndRead,
}

// sign is a worker that says in one of these ways that it is ready, and serves nobody.
func sign(kind string) int {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if ask("starting") == exit {
		return 3
	}
	said := make(chan error, 1)
	go func() { said <- signs[kind]() }()
	if kind != "einhorn" { // that one waits for an answer
		if err := <-said; err != nil {
			fmt.Println("cannot say it:", err)
			return 4
		}
	}
	ask("said")
	<-stop
	return 0
}

func writeTo(variable, text string) error {
	fd, err := strconv.Atoi(os.Getenv(variable))
	if err != nil {
		return err
	}
	_, err = unix.Write(fd, []byte(text))
	return err
}

func acknowledge() error {
	c, err := net.Dial("unix", os.Getenv("EINHORN_SOCK_PATH"))
	if err != nil {
		return err
	}
	defer c.Close()
	text, err := json.Marshal(map[string]any{"command": "worker:ack", "pid": os.Getpid()})
	if err == nil {
		_, err = fmt.Fprintf(c, "%s\n", text)
	}
	if err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	return err
}

func sendNotify(text string, rights []byte) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Sendmsg(fd, []byte(text), rights, &unix.SockaddrUnix{Name: os.Getenv("NOTIFY_SOCKET")}, 0)
}

// storeAndRead stores a file in memory, twice, and notes what workers before it have stored.
func storeAndRead() error {
	note(fmt.Sprintf("%d was given %s, may store %s", number("SUPERVISE_GENERATION"), os.Getenv("LISTEN_FDNAMES"), os.Getenv("FDSTORE")))
	for i := range number("LISTEN_FDS") {
		f := os.NewFile(uintptr(3+i), "given")
		if text, err := io.ReadAll(io.NewSectionReader(f, 0, 100)); err == nil {
			note(fmt.Sprintf("%d reads %s", number("SUPERVISE_GENERATION"), text))
		}
	}
	fd, err := unix.MemfdCreate("stored", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	if _, err := unix.Write(fd, fmt.Appendf(nil, "memory of %d", number("SUPERVISE_GENERATION"))); err != nil {
		return err
	}
	for range 2 {
		if err := sendNotify("FDSTORE=1\nFDNAME=mem", unix.UnixRights(fd)); err != nil {
			return err
		}
	}
	return sendNotify("READY=1", nil)
}
