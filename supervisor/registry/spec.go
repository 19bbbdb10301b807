package registry

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/account"
)

// newSpec turns a listener of the configuration into what fdpass opens, with numbers for the names of owner and group.
func newSpec(l *config.Listener) (fdpass.Spec, error) {
	uid, errUser := number(l, "owner", l.Owner, account.UserID)
	gid, errGroup := number(l, "group", l.Group, account.GroupID)
	return fdpass.Spec{
		Name:    l.Name,
		Address: fdpass.Address(l.Address),
		Backlog: l.Backlog,
		Mode:    l.Mode,
		UID:     uid,
		GID:     gid,
		Options: fdpass.Options(l.Options),
		Member:  steers(l.Sharing),
	}, errors.Join(errUser, errGroup)
}

// number gives the id that name stands for: -1 when it is not given, itself when it is a number already.
func number(l *config.Listener, attribute, name string, lookup func(string) (string, error)) (int, error) {
	if name == "" {
		return -1, nil
	}
	text := name
	// The highest 32-bit value means "leave it" to chown(2), so it is no id.
	if id, err := strconv.ParseUint(text, 10, 32); err == nil && id != 1<<32-1 {
		return int(id), nil
	}
	text, err := lookup(name)
	if err != nil {
		return -1, fmt.Errorf("cannot find %s %q of listener %q: %w", attribute, name, l.Name, err)
	}
	id, err := strconv.Atoi(text)
	if err != nil {
		return -1, fmt.Errorf("cannot use %s %q of listener %q: its id %q is not a number", attribute, name, l.Name, text)
	}
	return id, nil
}
