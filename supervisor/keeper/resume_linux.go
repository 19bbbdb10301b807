package keeper

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// handover describes this keeper; ready is the request that the next program
// answers. The numbers stay valid as long as the loop does nothing else.
func (s *server) handover(ready uint64) (handover, error) {
	m := s.current
	h := handover{
		Version: handoverVersion, Program: s.program, Given: s.given, Last: s.last, Stopping: s.stopping, Short: s.short,
		Manager: handedManager{PID: m.pid, Late: maps.Clone(m.late), Told: m.told},
	}
	h.Manager.Late["ready"] = ready
	for _, sig := range s.pending {
		h.Pending = append(h.Pending, int(sig))
	}
	number := func(d *fdpass.Descriptor, to *int) error {
		return d.Use(func(fd int) error {
			*to = fd
			return nil
		})
	}
	err := useFile(m.conn.file, func(fd int) error {
		h.Manager.FD = fd
		return nil
	})
	for name, k := range s.kept {
		thing := handedThing{keptEntry: keptEntry{Name: name, Text: k.text}}
		err = errors.Join(err, number(k.descriptor, &thing.FD))
		h.Kept = append(h.Kept, thing)
	}
	for _, w := range s.workers {
		worker := handedWorker{wireWorker: w.wireWorker}
		if w.followed != nil {
			err = errors.Join(err, number(w.followed, &worker.FollowedFD))
		}
		h.Workers = append(h.Workers, worker)
	}
	return h, err
}

func (s *server) sampleHandover() ([]byte, error) {
	h, err := s.handover(0)
	if err != nil {
		return nil, err
	}
	return h.encode()
}

// resume goes on where the program before this one stopped; variable is the number
// of the hand-over.
func (s *server) resume(variable string) error {
	fd, err := strconv.Atoi(variable)
	if err != nil {
		return fmt.Errorf("%s=%q is no number", Variable, variable)
	}
	content, err := readMemory(fd, maxHandover)
	if err != nil {
		return fmt.Errorf("cannot read what the keeper before left: %w", err)
	}
	unix.Close(fd)
	h, err := decodeHandover(content)
	if err != nil {
		return err
	}
	s.program, s.given, s.last, s.stopping, s.short = h.Program, h.Given, h.Last, h.Stopping, h.Short
	s.everReady = true
	for _, sig := range h.Pending {
		s.pending = append(s.pending, syscall.Signal(sig))
	}
	for _, k := range h.Kept {
		s.kept[k.Name] = shelved{fdpass.NewDescriptor(k.FD), k.Text}
	}
	for _, w := range h.Workers {
		if err := s.retake(w); err != nil {
			return err
		}
	}
	return s.resumeManager(h.Manager)
}

// retake opens a child anew: nobody has reaped it, so its pid still means it.
func (s *server) retake(h handedWorker) error {
	fd, err := unix.PidfdOpen(h.PID, 0)
	if err != nil {
		return fmt.Errorf("cannot find worker %d: %w", h.PID, err)
	}
	w := &ward{wireWorker: h.wireWorker, first: fdpass.NewDescriptor(fd)}
	if h.FollowedFD > 0 {
		w.followed = fdpass.NewDescriptor(h.FollowedFD)
	}
	s.workers[w.ID] = w
	return nil
}

// resumeManager answers the request that has led here.
func (s *server) resumeManager(h handedManager) error {
	process, err := openHandle(h.PID)
	if err != nil {
		return fmt.Errorf("cannot find the manager: %w", err)
	}
	m := &manager{pid: h.PID, process: process, conn: newConn(h.FD), late: h.Late, told: h.Told, ready: time.Now()}
	s.current = m
	s.attend(m)
	s.deliver(m, "ready", reply{})
	s.forward()
	s.idle.Reset(quiet)
	return nil
}
