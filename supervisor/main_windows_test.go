package supervisor

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/windows"

	handed "github.com/seed-da40d5ac/supervise/fdpass/worker"
)

// prepare is what comes before all else in every process of these tests.
func prepare() {}

// beHere is what workers do on Windows alone: nothing.
func beHere(string, []string) int { return 0 }

// readyVariable tells a worker where it writes its line.
const readyVariable = "READY_HANDLE"

func ignoreStop() { signal.Ignore(os.Interrupt) }

func awaitStop() { <-handed.Stopping(context.Background()).Done() }

// apart has a child leave the console and the process group of its parent.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}

// say sends a message to the worker's notify pipe.
func say(text string) error {
	f, err := os.OpenFile(os.Getenv("NOTIFY_SOCKET"), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}
