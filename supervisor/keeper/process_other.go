//go:build !linux

package keeper

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

var errSystem = errors.New("the keeper as a process of its own is not supported on " + runtime.GOOS)

// Client is the Keeper of a manager process, which there is not on this system.
type Client struct{ *Local }

// Connect is not supported on this system.
func Connect() (*Client, Welcome, error) { return nil, Welcome{}, errSystem }

// Main is not supported on this system.
func Main(Options) int {
	fmt.Fprintln(os.Stderr, "supervise:", errSystem)
	return 1
}

// Become is not supported on this system.
func Become(string) error { return errSystem }

// Gone is not supported on this system.
func (c *Client) Gone() <-chan struct{} { return nil }

// Signals is not supported on this system.
func (c *Client) Signals() <-chan os.Signal { return nil }

// Ready is not supported on this system.
func (c *Client) Ready() error { return errSystem }

// End is not supported on this system.
func (c *Client) End(int) error { return errSystem }

// Upgrade is not supported on this system.
func (c *Client) Upgrade() error { return errSystem }

// Tried is not supported on this system.
func (c *Client) Tried(error) error { return errSystem }

// Notify is not supported on this system.
func (c *Client) Notify(string, *fdpass.Descriptor) error { return errSystem }
