package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
)

// session is what a manager process has from its keeper.
type session struct {
	client  *keeper.Client
	welcome keeper.Welcome
	before  keeper.Inventory // what the manager before has left
	left    *supervisor.Left // the same, read; nil when this is the first, or that cannot be read
	config  *config.Config   // with which it ran; nil likewise
	first   bool             // no manager has been there before
	over    bool             // everything is stopped, or nothing was started: the program may end
}

// manage is `supervise manager`: the process in which everything is decided. The keeper has started it with the command line that
// it was started with itself.
func manage(args []string) int {
	notifyPipe(make(chan os.Signal, 1)) // before any line: standard error may be a pipe that nobody reads any more
	client, welcome, err := keeper.Connect()
	if err != nil {
		fmt.Fprintln(os.Stderr, "supervise:", err)
		return codeFailed
	}
	s := &session{client: client, welcome: welcome}
	code := (&app{out: os.Stdout, err: os.Stderr, session: s}).execute(args)
	if s.over {
		_ = client.End(code)
	}
	return code // could not take over what runs: the keeper has another one try
}

// become makes this process the keeper, which then starts the manager.
func become() error { return keeper.Become("/proc/self/exe") }

// onDisk is the file that an upgrade runs: as it was called, which may be a symbolic link that points to another version by then.
func onDisk() string {
	running, err := os.Executable()
	if err != nil {
		return ""
	}
	called, err := exec.LookPath(os.Args[0])
	if err != nil {
		return running
	}
	if called, err = filepath.Abs(called); err != nil || !same(called, running) {
		return running
	}
	return called
}

func same(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// take gets what the manager before has left. On trial it first says whether that could be gone on from, and waits for its turn.
func (s *session) take() error {
	environ := environment()
	if s.welcome.Trial {
		if err := s.client.Tried(s.try(environ)); err != nil {
			return err
		}
	}
	var err error
	if s.before, err = s.client.Inventory(); err != nil {
		return err
	}
	if err := refuseStuck(s.before); err != nil {
		return err
	}
	for _, name := range s.before.Stuck {
		_ = s.client.Drop(name) // the next one can do no more with it
	}
	s.left, err = supervisor.Examine(s.before.Texts, environ)
	s.first = err == nil && s.left == nil
	if s.config = s.left.Config(); err != nil {
		s.left = nil
	}
	s.over = s.first
	return nil // what cannot be read is made up for, and said when there is a log
}

// try reads everything and touches nothing.
func (s *session) try(environ []string) error {
	left, err := s.client.Inventory()
	if err != nil {
		return err
	}
	defer left.Close()
	if err := refuseStuck(left); err != nil {
		return err
	}
	_, err = supervisor.Examine(left.Texts, environ)
	return err
}

// refuseStuck allows only what somebody stored to be stuck: he himself can have made it so. Else it is a matter of a moment (too many
// descriptors of this user are on their way, unix(7)), and the keeper tries again.
func refuseStuck(i keeper.Inventory) error {
	for _, name := range i.Stuck {
		if !strings.HasPrefix(name, "store/") && !strings.HasPrefix(name, "stored/") {
			return fmt.Errorf("cannot take over %q: the kernel does not hand it over now", name)
		}
	}
	return nil
}

// given are the descriptors that supervise was started with and that no listener has taken over yet.
func (s *session) given() (list []fdpass.Named, keys []string) {
	for i, name := range s.welcome.Given {
		key := "given/" + strconv.Itoa(i)
		if d := s.before.Take(key); d != nil {
			list = append(list, fdpass.Named{Name: name, Descriptor: d})
			keys = append(keys, key)
		}
	}
	return list, keys
}

// controlName is what the keeper holds the control socket under: who connects while no manager is there waits.
const controlName = "control"

// control opens the control socket, or takes back the one there is.
func (s *session) control(path string, c config.Control) (*control.Listener, error) {
	if d := s.before.Take(controlName); d != nil {
		return control.Restore(controlPlace(path, c), d)
	}
	l, err := listenControl(path, c)
	if err != nil {
		return nil, err
	}
	if err := s.client.Hold(controlName, l.Descriptor()); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// watch ends this process when the keeper is gone: nothing that it does would reach anybody. It says how the last manager ended.
func (s *session) watch(log hclog.Logger) {
	if len(s.before.Stuck) > 0 {
		log.Warn("stored descriptors dropped: the kernel does not hand them over", "names", s.before.Stuck)
	}
	if s.welcome.Before != "" && !s.first && !s.welcome.Trial {
		log.Warn("the manager before this one "+s.welcome.Before+", going on", "manager", os.Getpid())
	}
	go func() {
		<-s.client.Gone()
		log.Error("the keeper is gone; workers go on without supervision, as far as they do without their output", "keeper", s.welcome.KeeperPID)
		os.Exit(codeFailed)
	}()
}
