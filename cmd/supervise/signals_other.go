//go:build !unix

package main

import "os"

func handledSignals() []os.Signal { return []os.Signal{os.Interrupt} }

func action(sig os.Signal) act {
	if sig == os.Interrupt {
		return actEnd
	}
	return actNone
}

func notifyPipe(chan os.Signal) {}
