package keeper

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// act is what a worker of the tests does.
func act(name string, args []string) {
	switch name {
	case "exit":
		code, _ := strconv.ParseUint(args[0], 0, 32)
		windows.ExitProcess(uint32(code))
	case "ready":
		fmt.Println("ready")
		forever()
	case "cat":
		_, err := io.Copy(os.Stdout, os.Stdin)
		fmt.Println("ended", err)
	case "cat-stop":
		fmt.Println("ready")
		_, _ = io.Copy(io.Discard, os.Stdin)
		awaitStop()
	case "args":
		fmt.Printf("%q\n", args)
	case "env":
		printEnv(args)
	case "where":
		fmt.Println(os.Getwd())
	case "write":
		writeTo(args)
	case "handles":
		listHandles()
	case "stop":
		awaitStop()
	case "stop-once":
		awaitStopOnce()
	case "break":
		awaitBreak()
	case "child":
		startChild()
		act(args[0], args[1:])
	case "forking":
		fork()
	case "allocate":
		allocate()
	case "keep":
		keepOne()
	}
}

// forever waits to be killed.
func forever() { _, _ = windows.WaitForSingleObject(windows.CurrentProcess(), windows.INFINITE) }

// printEnv prints the named variables, or all.
func printEnv(names []string) {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); len(names) == 0 || slices.Contains(names, name) {
			fmt.Println(entry)
		}
	}
}

// writeTo writes to stderr and to handles of the given values.
func writeTo(args []string) {
	fmt.Fprintln(os.Stderr, "to stderr")
	for _, arg := range args {
		h, _ := strconv.ParseUint(arg, 10, 64)
		var n uint32
		fmt.Println("write:", windows.WriteFile(windows.Handle(h), []byte("through\n"), &n, nil))
	}
}

// listHandles prints which handles are pipes.
func listHandles() {
	for h := windows.Handle(4); h < 4096; h += 4 {
		if kind, err := windows.GetFileType(h); err == nil && kind == windows.FILE_TYPE_PIPE {
			fmt.Println(uintptr(h))
		}
	}
}

// awaitStop ends with status 9 when the stop event is set.
func awaitStop() {
	awaitEvent()
	os.Exit(9)
}

// awaitStopOnce closes the event when that is set, and serves on until it is killed.
func awaitStopOnce() {
	if err := windows.CloseHandle(awaitEvent()); err != nil {
		panic(err)
	}
	fmt.Println("closed")
	forever()
}

func awaitEvent() windows.Handle {
	name, err := windows.UTF16PtrFromString(os.Getenv("STOP_EVENT"))
	if err != nil {
		panic(err)
	}
	event, err := windows.OpenEvent(windows.SYNCHRONIZE, false, name)
	if err != nil {
		panic(err)
	}
	fmt.Println("ready")
	_, err = windows.WaitForSingleObject(event, windows.INFINITE)
	fmt.Println("stop", err)
	return event
}

// awaitBreak ends with status 8 after Ctrl-Break.
func awaitBreak() {
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, os.Interrupt)
	fmt.Println("ready")
	fmt.Println(<-heard)
	os.Exit(8)
}

// another is this program as another worker, with the same stdout.
func another(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, append([]string{"worker"}, args...)...)
	cmd.Stdout = os.Stdout
	return cmd
}

func startChild() {
	if err := another("ready").Start(); err != nil {
		panic(err)
	}
}

// fork starts the next of a chain, again and again.
func fork() {
	fmt.Println("ready")
	for {
		if another("ready").Start() != nil || another("forking").Run() != nil {
			return
		}
	}
}

// keepOne is a supervise that has one worker, and waits to be killed.
func keepOne() {
	l, err := NewLocal("")
	if err != nil {
		panic(err)
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	out, err := duplicate(os.Stdout)
	if err != nil {
		panic(err)
	}
	s := Spawn{Plan: stage.Plan{Command: []string{self, "worker", "child", "ready"}, Env: os.Environ()}, Files: []File{{Number: 1, Descriptor: out}}}
	if _, err = l.Spawn(s); err != nil {
		panic(err)
	}
	forever()
}

// allocate takes a gigabyte and uses it.
func allocate() {
	b := make([]byte, 1<<30)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
}
