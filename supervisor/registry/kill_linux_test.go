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
	return startAs(t, managerVariable+"="+dir)
}

func startAs(t *testing.T, variable string) *keeperOf {
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
		Env:   append(os.Environ(), variable),
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

// receive reads a message without the descriptor that follows.
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
		for _, applied := range []bool{false, true} {
			ahead := applied != (n%2 == 0)
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
