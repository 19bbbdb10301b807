package broker

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/account"
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

// Check finds what is wrong with blocks on this machine: users and groups that there are not. It touches nothing.
func Check(serves []*config.Serve) error {
	var problems []error
	for _, s := range serves {
		if _, err := guestsOf(s); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", s.Where, err))
		}
	}
	return errors.Join(problems...)
}

// guests are those who may ask at a block.
type guests struct {
	users []int
	group int // its members, as in control; -1 for none
}

// guestsOf gives the numbers of the users and of the group that a block names; those that are known, with an error.
func guestsOf(s *config.Serve) (g guests, err error) {
	g.group = -1
	for _, name := range s.Users {
		uid, failed := number(name, account.UserID)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("cannot find user %q of serve %q: %w", name, s.Name, failed))
			continue
		}
		g.users = append(g.users, uid)
	}
	if s.Group == "" {
		return g, err
	}
	gid, failed := number(s.Group, account.GroupID)
	if failed != nil {
		return g, errors.Join(err, fmt.Errorf("cannot find group %q of serve %q: %w", s.Group, s.Name, failed))
	}
	g.group = gid
	return g, err
}

func number(name string, lookup func(string) (string, error)) (int, error) {
	if id, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(id), nil
	}
	text, err := lookup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
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
