package keeper

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// An upgrade, step by step; whatever fails before the third leaves all as it was:
//
//	upgrade  the program on disk is run as a second manager, on trial
//	tried    it has read everything: the first one is killed
//	(ended)  the second one takes over, exactly as after a crash
//	ready    it serves: this process becomes the new program, too, and answers
//
// If the second one ends between the third and the last, a manager of the old
// program is started again, which this process still is.

// trialPatience bounds the trial and, once more, the taking over.
const trialPatience = 30 * time.Second

func (s *server) upgrade(i *inquiry) (*answer, error) {
	if s.trial != nil || s.takingOver || i.from.fresh {
		return nil, errors.New("another upgrade is under way")
	}
	content, err := s.sampleHandover()
	if err != nil {
		return nil, err
	}
	fd, err := memoryFile("keeper", content)
	if err != nil {
		return nil, err
	}
	sample := fdpass.NewDescriptor(fd)
	var m *manager
	err = i.beside[0].Use(func(words int) error {
		m, err = s.start(s.program, uintptr(words))
		return err
	})
	if err != nil {
		_ = sample.Close()
		return nil, err
	}
	m.trial, m.sample = true, sample
	m.timer = time.AfterFunc(s.patience, func() {
		s.notes <- func() { s.kill(m, fmt.Sprintf("did not report within %s", s.patience)) }
	})
	s.trial = m
	return i.later()
}

// tried is the result of the trial: a text says why it failed.
func (s *server) tried(i *inquiry) (*answer, error) {
	switch {
	case i.from != s.trial || s.takingOver || s.current == nil:
		return nil, errors.New("there is nothing to try")
	case i.Text != "":
		s.kill(i.from, "says: "+i.Text)
		return &answer{late: true}, nil
	}
	s.takingOver = true
	s.kill(s.current, "made room for an upgrade")
	return i.later()
}

// promote lets the manager on trial take over.
func (s *server) promote() {
	m := s.trial
	s.current, s.trial, s.takingOver, s.before = m, nil, false, ""
	m.trial, m.fresh = false, true
	m.timer.Reset(s.patience)
	s.settle(m)
	s.deliver(m, "tried", reply{})
}

// refuseUpgrade tells whoever asked for it.
func (s *server) refuseUpgrade(why string) {
	if s.takingOver {
		s.failed = why // the one who asked is on its way out already
	} else if s.current != nil {
		s.deliver(s.current, "upgrade", reply{Error: why})
	}
}

// abandonUpgrade follows the end of the manager that was in charge.
func (s *server) abandonUpgrade(m *manager, how string) {
	if s.trial != nil {
		s.kill(s.trial, "was killed because the manager "+how)
	}
	if m.fresh && m.ready.IsZero() {
		s.failed = "the new program's manager " + how + " before it was ready"
	}
	s.takingOver = false
}

// replaceWhenIdle replaces this program by the new one, unless an answer is just
// being written.
func (s *server) replaceWhenIdle() {
	i := s.replacing
	if i == nil || i.from.writing > 0 || s.code != nil {
		return
	}
	restore := s.stopListening()
	err := s.replace(i)
	restore()
	s.listen()
	s.replacing, i.from.fresh = nil, false
	i.done <- answer{reply: reply{Error: err.Error()}}
}

// replace does not return when it works. The new program finds everything where
// the hand-over says it is.
func (s *server) replace(i *inquiry) error {
	h, err := s.handover(i.Seq)
	if err != nil {
		return err
	}
	content, err := h.encode()
	if err != nil {
		return err
	}
	fd, err := memoryFile("keeper", content)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	fds := append(h.descriptors(), fd)
	defer setInheritable(fds, false)
	if err := setInheritable(fds, true); err != nil {
		return err
	}
	var limit unix.Rlimit
	_ = unix.Getrlimit(unix.RLIMIT_NOFILE, &limit)
	err = syscall.Exec(s.program, os.Args, append(s.environ, Variable+"="+strconv.Itoa(fd)))
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) // which Exec has put back to what we were started with
	return fmt.Errorf("cannot run %q in place of the keeper: %w", s.program, err)
}

// setInheritable says whether the descriptors outlive execve.
func setInheritable(fds []int, on bool) error {
	flag := unix.FD_CLOEXEC
	if on {
		flag = 0
	}
	for _, fd := range fds {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, flag); err != nil {
			return os.NewSyscallError("fcntl", err)
		}
	}
	return nil
}
