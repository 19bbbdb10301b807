package registry

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// inUse advises how to have an address that one other program has, without an outage.
func (i *item) inUse(err error) error {
	var failed *fdpass.OpenError
	if !errors.As(err, &failed) || failed.Op != "bind" || failed.Err != syscall.EADDRINUSE {
		return err
	}
	holders, unknown := fdpass.Holders(i.spec.Address)
	if advice := i.adviceAgainst(holders); unknown == nil && advice != "" {
		failed.Advice = advice
	}
	return failed
}

func (i *item) adviceAgainst(holders []fdpass.Holder) string {
	if len(holders) == 0 {
		if i.spec.Address.Network[:3] != "tcp" {
			return ""
		}
		return "no process that is visible here has it: connections of a server that has ended may block it for a minute"
	}
	h := holders[0]
	switch {
	case h.PID <= 0 || h.PID == os.Getpid():
		return ""
	case h.Command == "supervise":
		return "another supervise has it: take the listener out of its configuration, or choose another address"
	case i.from != nil && i.from.Kind == "pid" && i.from.PID == h.PID:
		return "write the address as that process has it, stop the process, or choose another address"
	}
	return fmt.Sprintf("stop that process, take its socket over by take_from = \"pid:%d\", or choose another address", h.PID)
}
