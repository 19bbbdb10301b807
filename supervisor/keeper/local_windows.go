package keeper

import (
	"errors"
	"syscall"

	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
)

var errWindows = errors.New("cannot start workers: not supported on windows yet")

// NewLocal is not supported on Windows yet.
func NewLocal(executable string) (*Local, error) {
	if executable == "" {
		return nil, errWindows
	}
	return newLocal(executable), nil
}

// Spawn is not supported on Windows yet.
func (c *core) Spawn(Spawn) (Process, error) { return Process{}, errWindows }

func (f *forker) fork(Spawn, string, ends) (newborn, error) { return newborn{}, errWindows }

func openHandle(int) (handle, error) { return nil, errWindows }

func (c *core) killTree(proctree.Tree) error { return errWindows }

func signalName(sig syscall.Signal) string { return sig.String() }
