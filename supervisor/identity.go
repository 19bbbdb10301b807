package supervisor

import (
	"errors"
	"fmt"
	"maps"
	"os/user"
	"strconv"

	"github.com/seed-da40d5ac/supervise/config"
)

// identity is who a worker is. Nil means as supervise.
type identity struct {
	uid, gid *uint32
	groups   []uint32
	env      map[string]string // HOME and the like, where a user is configured
}

// identify looks up user, group and groups of a service. A user brings his own groups unless others are given.
func identify(s *config.Service) (identity, error) {
	var id identity
	if s.User != "" {
		if err := id.become(s.User, len(s.Groups) > 0); err != nil {
			return identity{}, fmt.Errorf("cannot run service %q as user %q: %w", s.Name, s.User, err)
		}
	}
	if s.Group != "" {
		gid, err := lookupGroup(s.Group)
		if err != nil {
			return identity{}, fmt.Errorf("cannot run service %q with group %q: %w", s.Name, s.Group, err)
		}
		id.gid = &gid
	}
	for _, name := range s.Groups {
		gid, err := lookupGroup(name)
		if err != nil {
			return identity{}, fmt.Errorf("cannot run service %q with group %q: %w", s.Name, name, err)
		}
		id.groups = append(id.groups, gid)
	}
	return id, nil
}

// environment is a layout's with HOME and the like of the user, except where they are configured.
func (id identity) environment(l layout) map[string]string {
	env := maps.Clone(l.env)
	for key, value := range id.env {
		if _, configured := l.resolved.Environment[key]; !configured {
			env[key] = value
		}
	}
	return env
}

// become fills in what the user database knows of a user. A number that it does not know is a user too, without a home.
func (id *identity) become(name string, ownGroups bool) error {
	u, err := lookupUser(name)
	if err != nil {
		uid, perr := number(name)
		if perr != nil {
			return err
		}
		id.uid, id.gid = &uid, &uid
		return nil
	}
	uid, err := number(u.Uid)
	if err != nil {
		return err
	}
	gid, err := number(u.Gid)
	if err != nil {
		return err
	}
	id.uid, id.gid = &uid, &gid
	id.env = map[string]string{"HOME": u.HomeDir, "USER": u.Username, "LOGNAME": u.Username}
	if ownGroups {
		return nil
	}
	return id.join(u)
}

// join adds the groups that the group database lists the user in.
func (id *identity) join(u *user.User) error {
	ids, err := u.GroupIds()
	if err != nil {
		return err
	}
	for _, s := range ids {
		gid, err := number(s)
		if err != nil {
			return err
		}
		id.groups = append(id.groups, gid)
	}
	return nil
}

func lookupUser(name string) (*user.User, error) {
	u, err := user.Lookup(name)
	if err == nil {
		return u, nil
	}
	if _, perr := number(name); perr == nil {
		return user.LookupId(name)
	}
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		return nil, errors.New("there is no such user")
	}
	return nil, err
}

func lookupGroup(name string) (uint32, error) {
	if gid, err := number(name); err == nil {
		return gid, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		var unknown user.UnknownGroupError
		if errors.As(err, &unknown) {
			return 0, errors.New("there is no such group")
		}
		return 0, err
	}
	return number(g.Gid)
}

func number(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	return uint32(n), err
}
