// Package account asks the machine's user database.
package account

import (
	"errors"
	"os/user"
)

// UserID gives the number of a user, as text; what is no such user is an error that says what to do.
func UserID(name string) (string, error) {
	u, err := user.Lookup(name)
	if unknown := user.UnknownUserError(""); errors.As(err, &unknown) {
		return "", errors.New("this machine has no such user (create it, or give another name or a number)")
	}
	if err != nil {
		return "", err
	}
	return u.Uid, nil
}

// GroupID gives the number of a group likewise.
func GroupID(name string) (string, error) {
	g, err := user.LookupGroup(name)
	if unknown := user.UnknownGroupError(""); errors.As(err, &unknown) {
		return "", errors.New("this machine has no such group (create it, or give another name or a number)")
	}
	if err != nil {
		return "", err
	}
	return g.Gid, nil
}
