package fdpass

import (
	"net"
	"os"
)

// Listener makes a net.Listener of a duplicate of the descriptor, for a socket that this process alone accepts from: Go
// sets O_NONBLOCK, which all holders share. The caller closes it; s stays open, and so does its path.
func (s *Socket) Listener() (net.Listener, error) {
	var l net.Listener
	err := s.Descriptor().Use(func(fd int) error {
		n, err := duplicate(fd)
		if err != nil {
			return err
		}
		f := os.NewFile(uintptr(n), s.Name())
		defer f.Close()
		l, err = net.FileListener(f)
		return err
	})
	return l, err
}
