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
		n, err := io.Copy(os.Stdout, os.Stdin)
		fmt.Println("ended after", n, err)
	case "args":
		fmt.Printf("%q\n", args)
	case "env":
		printEnv(args)
	case "where":
		fmt.Println(os.Getwd())
	case "write":
		writeTo(args)
	case "stop":
		awaitStop()
	case "break":
		awaitBreak()
	case "children":
		beParent(args)
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

// writeTo writes to a standard stream and to handles of the given values.
func writeTo(args []string) {
	fmt.Fprintln(os.Stderr, "to stderr")
	for _, arg := range args {
		h, _ := strconv.ParseUint(arg, 10, 64)
		var n uint32
		err := windows.WriteFile(windows.Handle(h), []byte("through "+arg), &n, nil)
		fmt.Println("write", err)
	}
}

// awaitStop ends with status 9 when the stop event is set.
func awaitStop() {
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
	os.Exit(9)
}

// awaitBreak ends with status 8 after Ctrl-Break.
func awaitBreak() {
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, os.Interrupt)
	fmt.Println("ready")
	fmt.Println(<-heard)
	os.Exit(8)
}

// beParent starts another worker that is ready and then goes on as args say.
func beParent(args []string) {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, "worker", "ready")
	cmd.Stdout = os.Stdout
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	fmt.Println("pid", cmd.Process.Pid)
	act(args[0], args[1:])
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
	fmt.Println("keeps", self, l != nil)
	forever()
}
