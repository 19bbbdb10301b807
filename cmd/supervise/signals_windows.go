package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// stopEvent is the variable with the name of an event that is set when this process is to end, as supervise gives one to its own workers.
const stopEvent = "STOP_EVENT"

// handledSignals are Ctrl-C and Ctrl-Break, and what Go calls SIGTERM: that the window is closed, the user logs off, or Windows shuts down
// (SetConsoleCtrlHandler), after which there are some seconds left.
func handledSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }

func action(sig os.Signal) act {
	switch sig {
	case os.Interrupt, syscall.SIGTERM:
		return actEnd
	case syscall.SIGHUP: // of the service control manager
		return actReload
	}
	return actNone
}

func notifyPipe(chan os.Signal) {}

// askedToStop sends SIGTERM when the event is set by whose name this process is told to end; nil without one. What cannot be opened is nobody's.
func askedToStop() <-chan os.Signal {
	name := os.Getenv(stopEvent)
	if name == "" {
		return nil
	}
	text, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil
	}
	event, err := windows.OpenEvent(windows.SYNCHRONIZE, false, text)
	if err != nil {
		return nil
	}
	c := make(chan os.Signal, 1)
	go func() { // for the rest of the life of the process
		defer windows.CloseHandle(event)
		if _, err := windows.WaitForSingleObject(event, windows.INFINITE); err == nil {
			c <- syscall.SIGTERM
		}
	}()
	return c
}
