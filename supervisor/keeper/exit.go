package keeper

import (
	"fmt"
	"syscall"
	"time"
)

// Exit is how a main process ended.
type Exit struct {
	Code        int            // exit status, when Signal is 0. On Windows 32 bits, without a sign
	Signal      syscall.Signal // what killed it; 0 = nothing did
	CoreDumped  bool           // a core file was written
	OutOfMemory string         // set by whoever knows: what ran out, as a part of a sentence
	Unknown     bool           // a followed process that is no child of ours: only that it ended is known
	At          time.Time      // when the keeper saw it
}

// Success tells of an exit with status 0. An unknown one is no success.
func (e Exit) Success() bool { return e.Code == 0 && e.Signal == 0 && !e.Unknown }

// String goes behind the worker's name: "exited with status 3".
func (e Exit) String() string {
	switch {
	case e.Unknown:
		return "exited"
	case e.Signal != 0 && e.OutOfMemory != "":
		return "was killed by " + signalName(e.Signal) + " (" + e.OutOfMemory + ")"
	case e.Signal != 0 && e.CoreDumped:
		return "was killed by " + signalName(e.Signal) + " (core dumped)"
	case e.Signal != 0:
		return "was killed by " + signalName(e.Signal)
	}
	return exitedWith(e.Code) + e.shortage()
}

// shortage is what ran out, for an exit that names no signal.
func (e Exit) shortage() string {
	if e.OutOfMemory == "" {
		return ""
	}
	return " (" + e.OutOfMemory + ")"
}

// exitedWith explains the status of a program that Windows has ended: it is an error number of the kernel then (NTSTATUS),
// 0xc0000000 and up. A unix has none above 255.
func exitedWith(code int) string {
	causes := map[uint32]string{
		0xc0000005: "an access violation",
		0xc0000006: "an error while a page was read",
		0xc0000017: "want of memory",
		0xc000001d: "an illegal instruction",
		0xc0000094: "an integer division by zero",
		0xc00000fd: "a stack overflow",
		0xc0000135: "a DLL that was not found",
		0xc0000139: "an entry point that a DLL lacks",
		0xc000013a: "Ctrl-C or Ctrl-Break",
		0xc0000142: "a DLL that could not be initialised",
		0xc0000374: "a damaged heap",
		0xc0000409: "a check of its own for damage",
	}
	if status := uint32(code); int64(code) == int64(status) && status >= 0xc0000000 {
		if cause, ok := causes[status]; ok {
			return fmt.Sprintf("was ended by %s (%#x)", cause, status)
		}
		return fmt.Sprintf("exited with status %#x", status)
	}
	return fmt.Sprintf("exited with status %d", code)
}
