//go:build !linux

package cgroup

import (
	"errors"
	"os"
	"time"
)

var errSystem = errors.New("control groups are not supported on this system")

// Place is where groups are made; nowhere on this system.
type Place struct{}

// Instance is the group of one running supervise; there is none on this system.
type Instance struct{}

// Find says that this system has no control groups, as everything here does.
func Find() (*Place, error) { return nil, errSystem }

// Offers is not supported on this system.
func (p *Place) Offers([]string) error { return errSystem }

// Open is not supported on this system.
func (p *Place) Open(string) (*Instance, error) { return nil, errSystem }

// Reopen is not supported on this system. It closes f.
func Reopen(f *os.File) (*Instance, error) { return nil, errors.Join(errSystem, f.Close()) }

// Remove is not supported on this system.
func (i *Instance) Remove() error { return errSystem }

// File is nil on this system.
func (i *Instance) File() *os.File { return nil }

// Close is not supported on this system.
func (i *Instance) Close() error { return errSystem }

// Enable is not supported on this system.
func (i *Instance) Enable([]string, int) error { return errSystem }

// Make is not supported on this system.
func (i *Instance) Make(string, Limits) (*Group, error) { return nil, errSystem }

// Clear is not supported on this system.
func (i *Instance) Clear(map[string]bool, time.Duration) (int, error) { return 0, errSystem }

// At is not supported on this system.
func At(string) (*Group, error) { return nil, errSystem }

// Create is not supported on this system.
func (g *Group) Create() error { return errSystem }

// PathOf is not supported on this system.
func PathOf(int) (string, error) { return "", errSystem }

// Use is not supported on this system.
func (g *Group) Use(func(fd int) error) error { return errSystem }

// Procs is not supported on this system.
func (g *Group) Procs() ([]int, error) { return nil, errSystem }

// Gone is whether the group is not there any more: none is on this system.
func (g *Group) Gone() bool { return true }

// Kill is not supported on this system.
func (g *Group) Kill(time.Duration) error { return errSystem }

// Empty is not supported on this system.
func (g *Group) Empty() (bool, error) { return false, errSystem }

// Remove is not supported on this system.
func (g *Group) Remove() error { return errSystem }

// Settle is not supported on this system.
func (g *Group) Settle(Limits) error { return errSystem }

// OutOfMemory is never true on this system.
func (g *Group) OutOfMemory() (limit string, killed bool) { return "", false }
