package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// beWorker is what the workers of these tests do: without arguments they serve.
func beWorker(args []string) {
	switch {
	case len(args) == 0:
		work()
	case args[0] == "fail":
		fmt.Println("cannot open the database")
		os.Exit(3)
	case args[0] == "deaf": // listens to its stop, and does nothing about it
		hear()
		fmt.Println("up")
		time.Sleep(time.Hour)
	}
}

// hear opens the stop event, so that nobody thinks that this process waits for Ctrl-Break.
func hear() {
	name, err := windows.UTF16PtrFromString(os.Getenv(stopEvent))
	if err == nil {
		_, err = windows.OpenEvent(windows.SYNCHRONIZE, false, name)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
