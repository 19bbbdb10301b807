//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

func handledSignals() []os.Signal {
	return []os.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM, syscall.SIGINT}
}

func action(sig os.Signal) act {
	switch sig {
	case syscall.SIGHUP:
		return actReload
	case syscall.SIGUSR1:
		return actReopen
	case syscall.SIGUSR2:
		return actUpgrade
	case syscall.SIGTERM, syscall.SIGINT:
		return actEnd
	}
	return actNone
}

func notifyPipe(c chan os.Signal) { signal.Notify(c, syscall.SIGPIPE) }

// askedToStop is nil: here a signal says so.
func askedToStop() <-chan os.Signal { return nil }
