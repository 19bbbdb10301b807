package supervisor

import (
	"errors"
	"fmt"
	"slices"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass/steer"
	"github.com/seed-da40d5ac/supervise/supervisor/adopt"
)

// PlannedAdoption is a listener of a program that knows nothing of it.
type PlannedAdoption struct {
	Listener string `json:"listener"`
	Address  string `json:"address"` // to which the program has to bind
	Mode     string `json:"mode"`    // likely: own, inject or shared, see AdoptedStatus
	What     string `json:"what"`    // a sentence on it
}

// adoptions says how the listeners will come to a program that binds by itself.
func (l layout) adoptions(s spec) (list []PlannedAdoption) {
	if !l.handoff.Adopt {
		return nil
	}
	for i, name := range s.service.Listeners {
		a := PlannedAdoption{Listener: name, Address: s.socketAddress(i, name).String()}
		a.Mode, a.What = likelyMode(s.all.Listener(name))
		list = append(list, a)
	}
	return list
}

// likelyMode is what package adopt will choose, as far as the configuration decides it: it is certain when the program binds.
func likelyMode(l *config.Listener) (mode, what string) {
	switch {
	case l == nil:
		return string(adopt.Shared), "the one socket of all generations"
	case l.Sharing == "all" && l.Address.Path != "":
		return string(adopt.Shared), "in place of the program's own it gets the one socket of all generations; it may remove the path, which stays"
	case l.Sharing == "all":
		return string(adopt.Shared), "in place of the program's own it gets the one socket of all generations, an old one accepts there until it ends"
	case l.Options.Multipath:
		return string(adopt.Inject), fmt.Sprintf("in place of the program's own it gets the socket of its %s", l.Sharing)
	}
	return string(adopt.Own), fmt.Sprintf("the program's own becomes the socket of its %s; where it is multipath TCP, as Go's are, or connections that wait already cannot move to it (supervise doctor), it gets one in its place", l.Sharing)
}

// adoptTraps is what this system or user lacks for a program that binds by itself.
func (l layout) adoptTraps(s spec) (traps []string) {
	if !l.handoff.Adopt {
		return nil
	}
	if err := adopt.Supported(); err != nil {
		traps = append(traps, err.Error())
	}
	own := slices.ContainsFunc(s.service.Listeners, func(name string) bool {
		l := s.all.Listener(name)
		return l != nil && l.Sharing != "all"
	})
	if can := steer.Detect(); own && can.Best() == steer.None {
		traps = append(traps, fmt.Sprintf("new connections cannot be sent to the current generation alone: %v", errors.Join(can.Extended, can.Classic)))
	}
	return traps
}
