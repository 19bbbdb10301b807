package keeper

import (
	"encoding/json"
	"errors"
	"fmt"
)

// A keeper hands over to the program that replaces it, in the same process, by a
// sealed file in memory: one JSON object. Descriptors are numbers that outlive
// execve, children stay children.
const (
	handoverVersion = 1
	maxHandover     = 64 << 20
)

// handover is everything that the next program cannot find out by itself.
type handover struct {
	Version  int            `json:"version"`
	Program  string         `json:"program"`
	Given    []string       `json:"given,omitempty"`
	Kept     []handedThing  `json:"kept,omitempty"`
	Workers  []handedWorker `json:"workers,omitempty"`
	Last     ID             `json:"last"`
	Stopping int            `json:"stopping,omitempty"`
	Pending  []int          `json:"pending,omitempty"` // signals
	Short    int            `json:"short,omitempty"`
	Manager  handedManager  `json:"manager"`
}

type handedThing struct {
	keptEntry
	FD int `json:"fd"`
}

type handedWorker struct {
	wireWorker
	FollowedFD int `json:"followed_fd,omitempty"` // pidfd; 0: none
}

type handedManager struct {
	PID  int               `json:"pid"`
	FD   int               `json:"fd"`   // our end of the connection
	Late map[string]uint64 `json:"late"` // requests that wait for an answer; ready is among them
	Told int               `json:"told"`
}

var errHandover = errors.New("malformed hand-over")

func (h handover) encode() ([]byte, error) {
	b, err := json.Marshal(h)
	if err == nil {
		_, err = decodeHandover(b) // it must not be found wanting when it is too late
	}
	return b, err
}

// decodeHandover reads exactly what encode wrote; also what a newer program wrote,
// if it has nothing that this one does not know.
func decodeHandover(b []byte) (handover, error) {
	var v struct{ Version int }
	if err := json.Unmarshal(b, &v); err != nil {
		return handover{}, fmt.Errorf("%w: %v", errHandover, err)
	}
	if v.Version != handoverVersion {
		return handover{}, fmt.Errorf("%w: version %d, this program knows %d", errHandover, v.Version, handoverVersion)
	}
	var h handover
	if err := decodeStrict(b, &h, errHandover); err != nil {
		return handover{}, err
	}
	if err := h.check(); err != nil {
		return handover{}, fmt.Errorf("%w: %v", errHandover, err)
	}
	return h, nil
}

// check refuses what cannot be: everything has a descriptor or a process of its own.
func (h handover) check() error {
	fds, pids, names, ids := onceEach[int]{}, onceEach[int]{}, onceEach[string]{}, onceEach[ID]{}
	for _, k := range h.Kept {
		if err := checkName(k.Name); err != nil || !names.add(k.Name) {
			return fmt.Errorf("%q is no name, or given twice", k.Name)
		}
	}
	for _, fd := range h.descriptors() {
		if fd < 3 || !fds.add(fd) {
			return fmt.Errorf("descriptor %d is none, or given twice", fd)
		}
	}
	for _, w := range h.Workers {
		if w.ID == 0 || w.ID > h.Last || !ids.add(w.ID) || checkWorkerName(w.Name) != nil {
			return fmt.Errorf("there cannot be a worker %d named %q", w.ID, w.Name)
		}
		if w.PID <= 0 || !pids.add(w.PID) || w.Followed < 0 || (w.Followed == 0) != (w.FollowedFD == 0) {
			return fmt.Errorf("worker %d cannot be process %d", w.ID, w.PID)
		}
	}
	if h.Manager.PID <= 0 || !pids.add(h.Manager.PID) || h.Stopping < 0 || h.Manager.Told < 0 || h.Short < 0 {
		return fmt.Errorf("the manager cannot be process %d", h.Manager.PID)
	}
	return nil
}

// descriptors are the numbers of all that is handed over.
func (h handover) descriptors() []int {
	fds := []int{h.Manager.FD}
	for _, k := range h.Kept {
		fds = append(fds, k.FD)
	}
	for _, w := range h.Workers {
		if w.FollowedFD != 0 {
			fds = append(fds, w.FollowedFD)
		}
	}
	return fds
}

type onceEach[T comparable] map[T]bool

// add tells whether v is new.
func (o onceEach[T]) add(v T) bool {
	before := o[v]
	o[v] = true
	return !before
}
