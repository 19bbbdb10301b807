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
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
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
}

// wire is the vault as the manager sees it.
type wire struct{ c *net.UnixConn }

func (w wire) call(m message, d *fdpass.Descriptor) error {
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

func (w wire) Hold(name string, d *fdpass.Descriptor) error {
	return w.call(message{Verb: "Hold", Name: name}, d)
}

func (w wire) Save(name string, text []byte) error {
	return w.call(message{Verb: "Save", Name: name, Text: text}, nil)
}

func (w wire) Drop(name string) error { return w.call(message{Verb: "Drop", Name: name}, nil) }

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
		err = manage(wire{c.(*net.UnixConn)}, os.Getenv(managerVariable))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

// life is what manage does, with the first error remembered.
type life struct {
	w      wire
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

func manage(w wire, dir string) error {
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

// keeperOf serves one manager until it ends or is killed at its n-th call, before or after that has taken effect.
type keeperOf struct {
	t       *testing.T
	v       *memory
	c       *net.UnixConn
	pid     int
	calls   int
	last    message                   // Step
	clients map[fdpass.Address]string // have connected once to each address
}

func startManager(t *testing.T, dir string) *keeperOf {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours := os.NewFile(uintptr(ends[0]), "vault")
	defer ours.Close()
	defer unix.Close(ends[1])
	c, err := net.FileConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := syscall.ForkExec("/proc/self/exe", os.Args[:1], &syscall.ProcAttr{
		Env:   append(os.Environ(), managerVariable+"="+dir),
		Files: []uintptr{0, 1, 2, uintptr(ends[1])},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &keeperOf{t: t, v: newMemory(t), c: c.(*net.UnixConn), pid: pid, clients: map[fdpass.Address]string{}}
}

// serve is whether the manager was killed.
func (k *keeperOf) serve(killAt int, applied bool) (killed bool) {
	defer k.c.Close()
	for {
		m, err := k.receive()
		if err != nil {
			break
		}
		if m.Verb == "Step" {
			k.last = m
			k.connect()
		} else if k.calls++; k.calls == killAt {
			if applied {
				k.apply(m)
			}
			killed = true
			_ = syscall.Kill(k.pid, syscall.SIGKILL)
			break
		} else {
			k.apply(m)
		}
		if _, err := k.c.Write([]byte{0}); err != nil {
			k.t.Error(err)
		}
	}
	var status syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(k.pid, &status, 0, nil); err != syscall.EINTR {
			break
		}
	}
	if !killed && status != 0 {
		k.t.Fatalf("the manager ended with %v", status)
	}
	return killed
}

// received carries a descriptor from receive to apply.
func (k *keeperOf) receive() (m message, err error) {
	length := make([]byte, 4)
	if _, err = io.ReadFull(k.c, length); err != nil {
		return m, err
	}
	text := make([]byte, binary.BigEndian.Uint32(length))
	if _, err = io.ReadFull(k.c, text); err != nil {
		return m, err
	}
	return m, json.Unmarshal(text, &m)
}

func (k *keeperOf) apply(m message) {
	var err error
	switch m.Verb {
	case "Hold":
		var list []fdpass.Named
		if list, err = fdpass.Receive(k.c); err == nil {
			err = k.v.Hold(m.Name, list[0].Descriptor)
			_ = list[0].Descriptor.Close()
		}
	case "Save":
		err = k.v.Save(m.Name, m.Text)
	case "Drop":
		err = k.v.Drop(m.Name)
	}
	if err != nil {
		k.t.Error(err)
	}
}

// connect puts a client into each queue that is new.
func (k *keeperOf) connect() {
	for _, a := range k.last.Open {
		if k.clients[a] == "" {
			k.clients[a] = "waits"
			queue(k.t, a)
		}
	}
}

// recover is what a manager after the killed one does.
func (k *keeperOf) recover(list []*config.Listener) *Registry {
	t := k.t
	t.Helper()
	rec, log := newRecord()
	o := Options{Log: log, Vault: k.v, Before: k.v.before(t)}
	if d := o.Before.Take("given/0"); d != nil {
		o.Given, o.GivenKeys = []fdpass.Named{{Name: "sd", Descriptor: d}}, []string{"given/0"}
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, generation := range []int{1, 2} {
		var states []LeaseState
		var names []string
		for who, s := range k.last.Leases {
			if strings.HasPrefix(who, fmt.Sprint("app ", generation, " ")) {
				states, names = append(states, s), append(names, s.Name)
			}
		}
		if len(states) == 0 {
			continue
		}
		if _, err := r.Reacquire(User{"app", generation}, states); err != nil {
			t.Error(err)
		}
		for _, kind := range []string{Started, Ready, Promoted} {
			r.WorkerEvent(WorkerEvent{Service: "app", Generation: generation, PID: generation, Names: names, Kind: kind})
		}
	}
	apply(t, r, list...)
	for _, line := range rec.all() {
		if line["@level"] == "error" {
			t.Errorf("said %v", line)
		}
	}
	return r
}

// check compares what there is with what is configured or leased.
func (k *keeperOf) check(r *Registry, dir string, before, after []*config.Listener) {
	t := k.t
	t.Helper()
	files, keys := []string{}, []string{}
	for _, l := range r.Status() {
		if l.Address.Path != "" {
			base := filepath.Base(l.Address.Path)
			files = append(files, base, "."+base+".supervise")
		}
		if st := state(t, r.held(l.Name, l.Removed).socket); !st.Listening || listens(l.Address) && st.Backlog != l.Backlog.Configured {
			t.Errorf("%s is %+v", l.Name, st)
		}
		keys = append(keys, r.held(l.Name, l.Removed).key)
	}
	for _, l := range after {
		h := r.held(l.Name, false)
		same := func(b *config.Listener) bool {
			return b.Address == l.Address && (b.Name == l.Name) == (l.Name != "front")
		}
		if h == nil {
			t.Errorf("%s is not open", l.Name)
		} else if a := h.socket.Address(); slices.ContainsFunc(before, same) && k.clients[a] == "waits" && l.Name != "more" && !accepts(t, h.socket) {
			t.Errorf("the client of %s at %s is lost", l.Name, a)
		}
	}
	if slices.Contains(k.v.names(), "given/0") {
		keys = append(keys, "given/0")
		if r.held("sd", false) != nil {
			t.Error("the original of a given descriptor is still held")
		}
	}
	slices.Sort(files)
	slices.Sort(keys)
	var found []string
	all, _ := os.ReadDir(dir)
	for _, e := range all {
		found = append(found, e.Name())
	}
	if d := cmp.Diff(files, append([]string{}, found...)); d != "" {
		t.Errorf("files:\n%s", d)
	}
	if d := cmp.Diff(keys, append([]string{}, k.v.names()...)); d != "" {
		t.Errorf("held:\n%s", d)
	}
}

// held finds a listener for a test.
func (r *Registry) held(name string, removed bool) (found *held) {
	r.do(func() {
		if !removed {
			found = r.byName[name]
			return
		}
		for _, h := range r.removed {
			if h.name == name {
				found = h
			}
		}
	})
	return found
}

// A manager is killed at each of its calls in turn, before and after the call took effect; the one after it goes on
// with the configuration that was committed, or with the one that it was about to commit.
func TestProcKilledAtEveryCall(t *testing.T) {
	count := descriptors(t)
	for n := 1; ; n++ {
		killed := false
		for variant := range 4 {
			applied, ahead := variant&1 != 0, variant&2 != 0
			name := fmt.Sprintf("call %d, applied %t, ahead %t", n, applied, ahead)
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				k := startManager(t, dir)
				killed = k.serve(n, applied)
				before := site(dir, k.last.Config)
				after := before
				if ahead {
					after = site(dir, min(k.last.Config+1, 3))
				}
				if k.last.Config == 4 {
					before = nil // everything may be closed already
				}
				r := k.recover(after)
				k.check(r, dir, before, after)
				if err := r.Close(); err != nil {
					t.Error(err)
				}
				_ = k.v.Drop("given/0")
				left, _ := os.ReadDir(dir)
				if len(k.v.held)+len(k.v.texts)+len(left) != 0 {
					t.Errorf("left are %q, %q and %v", k.v.names(), k.v.texts, left)
				}
			})
		}
		if !killed {
			t.Logf("%d calls", n-1)
			break
		}
	}
	if now := descriptors(t); now != count {
		t.Errorf("%d descriptors, before %d", now, count)
	}
}
