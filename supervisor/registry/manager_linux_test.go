package registry

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

// message goes from a manager in a process of its own to the test, which keeps its vault:
//
//	manager ── length, JSON, for Hold the descriptor ──▶ test
//	manager ◀── one byte ── test          or SIGKILL
type message struct {
	Verb   string // Hold, Save, Drop; Step says what has come to pass and cannot be killed at
	Name   string
	Text   []byte
	Config int                   // Step: the configuration that is committed
	Open   []fdpass.Address      // Step: where it accepts
	Leases map[string]LeaseState // Step: by "SERVICE GENERATION NAME"
	Serves int                   // Step: the generation that new connections are for; 0: none
}

// pipe is the vault as the manager sees it.
type pipe struct{ c *net.UnixConn }

func (w pipe) call(m message, d *fdpass.Descriptor) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if _, err := w.c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)); err != nil {
		return err
	}
	if d != nil {
		if err := fdpass.Send(w.c, []fdpass.Named{{Name: "held", Descriptor: d}}); err != nil {
			return err
		}
	}
	_, err = io.ReadFull(w.c, make([]byte, 1))
	return err
}

func (w pipe) Hold(name string, d *fdpass.Descriptor) error {
	return w.call(message{Verb: "Hold", Name: name}, d)
}

func (w pipe) Save(name string, text []byte) error {
	return w.call(message{Verb: "Save", Name: name, Text: text}, nil)
}

func (w pipe) Drop(name string) error { return w.call(message{Verb: "Drop", Name: name}, nil) }

// site gives the configurations that the manager applies one after the other.
func site(dir string, number int) []*config.Listener {
	at := func(name, network, rest string, backlog int) *config.Listener {
		a := config.Address{Network: network, Host: "127.0.0.1"}
		if rest != "" {
			a = config.Address{Network: network, Path: filepath.Join(dir, rest)}
		}
		return &config.Listener{Name: name, Address: a, Backlog: backlog, Sharing: "all"}
	}
	return [][]*config.Listener{
		{},
		{at("web", "tcp", "", 10), at("u", "unix", "u", 10), at("f", "fifo", "f", 0), at("g", "unixgram", "g", 0)},
		{at("front", "tcp", "", 20), at("u", "unix", "u", 30), at("g", "unixgram", "g", 0), at("more", "unix", "more", 5), at("sd", "tcp", "", 7)},
		{at("front", "tcp", "", 20), at("more", "unix", "more", 6), at("sd", "tcp", "", 7)},
		{at("front", "tcp", "", 20), at("more", "unix", "more", 6), at("sd", "tcp", "", 7)},
	}[number]
}

// managerMain is the process that is killed.
func managerMain() {
	c, err := net.FileConn(os.NewFile(3, "vault"))
	if err == nil {
		err = manage(pipe{c.(*net.UnixConn)}, os.Getenv(managerVariable))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

// life is what manage does, with the first error remembered.
type life struct {
	w      pipe
	r      *Registry
	dir    string
	config int
	leases map[string]LeaseState
	err    error
}

func (m *life) do(f func() error) {
	if m.err == nil {
		m.err = f()
	}
}

func (m *life) step() {
	s := message{Verb: "Step", Config: m.config, Leases: m.leases}
	for _, l := range m.r.Status() {
		if listens(l.Address) && !l.Removed {
			s.Open = append(s.Open, l.Address)
		}
	}
	m.do(func() error { return m.w.call(s, nil) })
}

func (m *life) apply(number int) {
	m.do(func() error {
		c, err := m.r.Prepare(site(m.dir, number))
		if err != nil {
			return err
		}
		return c.Commit()
	})
	m.config = number
	m.step()
}

func (m *life) generation(number int, nonblocking bool, names ...string) (leases []*Lease) {
	m.do(func() (err error) {
		leases, err = m.r.Acquire(names, User{"app", number})
		for _, l := range leases {
			m.leases[fmt.Sprint("app ", number, " ", l.Name())] = l.State()
		}
		return err
	})
	m.step()
	for _, kind := range []string{Started, Ready, Promoted} {
		m.r.WorkerEvent(WorkerEvent{Service: "app", Generation: number, PID: number, Names: names, Kind: kind})
		if kind == Started {
			_ = leases[0].Socket().SetNonblocking(nonblocking)
		}
	}
	return leases
}

// release says so first, as a manager saves first that a generation is over.
func (m *life) release(number int, leases []*Lease) {
	for _, l := range leases {
		delete(m.leases, fmt.Sprint("app ", number, " ", l.Name()))
	}
	m.step()
	m.r.WorkerEvent(WorkerEvent{Service: "app", Generation: number, PID: number, Kind: Gone})
	for _, l := range leases {
		l.Release()
	}
}

func manage(w pipe, dir string) error {
	s, err := fdpass.Open(fdpass.Spec{Name: "sd", Address: fdpass.Address{Network: "tcp", Host: "127.0.0.1"}, UID: -1, GID: -1})
	if err != nil {
		return err
	}
	d := s.Descriptor()
	if err := w.Hold("given/0", d); err != nil {
		return err
	}
	m := &life{w: w, dir: dir, leases: map[string]LeaseState{}}
	// Nothing is watched, so that the calls are the same each time.
	m.r, err = begin(Options{Vault: w, Given: []fdpass.Named{{Name: "sd", Descriptor: d}}, GivenKeys: []string{"given/0"}}, unwatched{})
	if err != nil {
		return err
	}
	m.apply(1)
	one := m.generation(1, true, "web", "u")
	more := append(site(dir, 1), &config.Listener{Name: "y", Address: config.Address{Network: "unix", Path: filepath.Join(dir, "y")}})
	m.do(func() error {
		wrong := append(slices.Clone(more), &config.Listener{Name: "x", Address: config.Address{Network: "unix", Path: "/no/such/folder/x"}})
		if _, err := m.r.Prepare(wrong); err == nil {
			return fmt.Errorf("opened a socket nowhere")
		}
		c, err := m.r.Prepare(more)
		if err == nil {
			c.Abort()
		}
		return err
	})
	m.apply(2)
	_, _ = m.r.Hold("front"), m.r.Release("front")
	two := m.generation(2, false, "front", "u", "more")
	m.apply(3)
	m.do(func() error {
		return two[2].Socket().Descriptor().Use(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) })
	})
	m.r.Status()
	m.release(1, one)
	m.release(2, two)
	m.config = 4 // from here on it is closing
	m.step()
	m.do(m.r.Close)
	return m.err
}
