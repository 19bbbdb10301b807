package broker

import (
	"errors"
	"fmt"
	"net"
	"os/user"
	"strconv"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

// prefix and the name of a block are what its socket is called among the listeners. No listener of a file has a slash in its name.
const prefix = "serve/"

// BlockOf gives the name of the block whose socket a listener is; "" for a listener of the file.
func BlockOf(listener string) string {
	name, ok := strings.CutPrefix(listener, prefix)
	if !ok {
		return ""
	}
	return name
}

// Listeners gives the sockets of blocks as the registry opens them.
func Listeners(serves []*config.Serve) []*config.Listener {
	var list []*config.Listener
	for _, s := range serves {
		list = append(list, &config.Listener{
			Name: prefix + s.Name, Address: s.Address, Sharing: "all", Mode: modeOf(s), Group: s.Group, Where: s.Where,
		})
	}
	return list
}

// modeOf lets in who may ask, as far as permission bits can say that: each connection is checked besides.
func modeOf(s *config.Serve) uint32 {
	switch {
	case s.Mode != 0 || strings.HasPrefix(s.Address.Path, "@"):
		return s.Mode
	case len(s.Users) > 0:
		return 0o666
	case s.Group != "":
		return 0o660
	}
	return 0o600
}

// Check finds what is wrong with blocks on this machine: users that there are not. It touches nothing.
func Check(serves []*config.Serve) error {
	var problems []error
	for _, s := range serves {
		if _, err := guests(s); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", s.Where, err))
		}
	}
	return errors.Join(problems...)
}

// guests gives the numbers of the users that a block names; those that are known, with an error.
func guests(s *config.Serve) (uids []int, err error) {
	for _, name := range s.Users {
		uid, failed := userID(name)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("cannot find user %q of serve %q: %w", name, s.Name, failed))
			continue
		}
		uids = append(uids, uid)
	}
	return uids, err
}

func userID(name string) (int, error) {
	if id, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(id), nil
	}
	u, err := user.Lookup(name)
	if unknown := user.UnknownUserError(""); errors.As(err, &unknown) {
		return 0, errors.New("this machine has no such user (create it, or give another name or a number)")
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(u.Uid)
}

// listener makes a net.Listener of the socket of a block. Closing it leaves the socket open.
func (b *Broker) listener(name string) (net.Listener, error) {
	list, err := b.o.Sockets.Duplicates(prefix + name)
	if err != nil {
		return nil, err
	}
	f, err := fdpass.ToFile(list[0].Descriptor, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return net.FileListener(f)
}
