//go:build !linux

package steer

import (
	"errors"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

var errNotSupported = errors.New("steering of new connections is not supported on this system")

// kernel is nothing here.
type kernel struct{}

func openKernel(Kind) (kernel, error) { return kernel{}, errNotSupported }

func shutdown(*fdpass.Descriptor) error { return errNotSupported }

func (kernel) join(Member) error             { return errNotSupported }
func (kernel) left(string)                   {}
func (kernel) attach([]Member, Choice) error { return errNotSupported }
func (kernel) attached() Kind                { return None }
func (kernel) migrates() bool                { return false }
func (kernel) close() error                  { return nil }

func detect() Support { return Support{errNotSupported, errNotSupported, errNotSupported} }
