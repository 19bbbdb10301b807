package registry

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/steer"
)

// steererMain is a process that is killed while it steers.
func steererMain() {
	c, err := net.FileConn(os.NewFile(3, "vault"))
	if err == nil {
		err = steerOn(pipe{c.(*net.UnixConn)}, kindNamed(os.Getenv(steererVariable)))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "steerer:", err)
		os.Exit(1)
	}
}

func kindNamed(name string) steer.Kind {
	if name == steer.Extended.String() {
		return steer.Extended
	}
	return steer.Classic
}

// aSite is a listener that is steered.
func aSite() []*config.Listener {
	return []*config.Listener{{Name: "web", Address: config.Address{Network: "tcp", Host: "127.0.0.1"}, Backlog: 10, Sharing: "worker"}}
}

// steerLife is what steerOn does, with the first error remembered.
type steerLife struct {
	life
	serves int
	leases map[int][]*Lease
}

func (m *steerLife) step() {
	s := message{Verb: "Step", Config: 1, Leases: m.life.leases, Serves: m.serves}
	for _, l := range m.r.Status() {
		s.Open = append(s.Open, l.Address)
	}
	m.do(func() error { return m.w.call(s, nil) })
}

// begin starts a generation of two workers.
func (m *steerLife) begin(number int) {
	m.do(func() (err error) {
		m.leases[number], err = m.r.Acquire([]string{"web"}, User{"app", number})
		return err
	})
	if m.err != nil {
		return
	}
	m.life.leases[fmt.Sprint("app ", number, " web")] = m.leases[number][0].State()
	m.step()
	for worker := range 2 {
		m.do(func() error { _, err := m.leases[number][0].Open(worker); return err })
		step(m.r, number, worker, Started, Ready)
	}
}

func (m *steerLife) promote(number int) {
	m.serves = number
	m.step()
	m.do(func() error { return m.r.Promote(User{"app", number}) })
}

// end stops a generation, and waits until so many sockets are left; 0: it does not wait.
func (m *steerLife) end(number, members int) {
	delete(m.life.leases, fmt.Sprint("app ", number, " web"))
	m.step()
	for worker := range 2 {
		step(m.r, number, worker, Draining, Gone)
	}
	m.leases[number][0].Release()
	if members == 0 {
		return
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 60_000 { // far longer than it takes, and the end of one that hangs
		if m.err != nil || len(m.r.Status()[0].Members) == members {
			return
		}
		<-tick.C
	}
	m.do(func() error { return fmt.Errorf("after generation %d there are %+v", number, m.r.Status()[0].Members) })
}

// steerOn goes through all that happens to a listener that is steered: deployments, a canary, one that is taken back, a replacement, an
// own socket of a program.
func steerOn(w pipe, kind steer.Kind) error {
	r := prepared(Options{Vault: w}, unwatched{})
	r.best, r.between, r.atMost = func() steer.Kind { return kind }, time.Millisecond, 5*time.Millisecond
	go r.run()
	m := &steerLife{life: life{w: w, r: r, leases: map[string]LeaseState{}}, leases: map[int][]*Lease{}}
	m.do(func() error {
		c, err := r.Prepare(aSite())
		if err != nil {
			return err
		}
		return c.Commit()
	})
	m.serves = 1
	m.begin(1)
	m.promote(1)
	m.begin(2)
	m.do(func() error { return r.Canary(User{"app", 2}, 0.5) })
	m.promote(2)
	m.promote(1)
	m.end(2, 2)
	m.serves = 0
	m.step()
	m.do(func() error { return r.Rest(User{"app", 1}) })
	m.end(1, 1)
	m.begin(3)
	m.promote(3)
	m.do(func() error { return m.join(3) })
	m.serves = 0
	m.end(3, 0)       // with classic programs those that are left may have to stay for now
	m.life.config = 4 // from here on it is closing
	m.do(func() error { return w.call(message{Verb: "Step", Config: 4}, nil) })
	m.do(r.Close)
	return m.err
}

// join has a program's own socket become one of the listener's.
func (m *steerLife) join(number int) error {
	d, err := ownSocket(m.leases[number][0].Address())
	if err != nil {
		return err
	}
	defer d.Close()
	return m.leases[number][0].Join(1, d)
}

// ownSocket is bound to an address of IPv4 as a program would have it that supervise looks after.
func ownSocket(a fdpass.Address) (*fdpass.Descriptor, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "own")
	defer f.Close()
	for _, option := range []int{unix.SO_REUSEADDR, unix.SO_REUSEPORT} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, 1); err != nil {
			return nil, err
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Port: int(a.Port), Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, err
	}
	return fdpass.FromFile(f)
}

// resume is what a manager after the killed one does; clients come while there is none.
func (k *keeperOf) resume(kind steer.Kind) *Registry {
	t := k.t
	t.Helper()
	for _, a := range k.last.Open {
		queue(t, a)
		queue(t, a)
	}
	rec, log := newRecord()
	r := prepared(Options{Log: log, Vault: k.v, Before: k.v.before(t)}, unwatched{})
	r.best, r.between, r.atMost = func() steer.Kind { return kind }, time.Millisecond, 5*time.Millisecond
	must(t, r.restore(k.v.before(t)))
	go r.run()
	for number := 1; number <= 3; number++ {
		l, there := k.last.Leases[fmt.Sprint("app ", number, " web")]
		if !there {
			continue
		}
		if _, err := r.Reacquire(User{"app", number}, []LeaseState{l}); err != nil {
			t.Fatal(err)
		}
		for worker := range 2 {
			step(r, number, worker, Started, Ready)
		}
	}
	apply(t, r, aSite()...)
	if k.last.Serves > 0 {
		must(t, r.Promote(User{"app", k.last.Serves}))
	}
	for _, line := range rec.all() {
		if line["@level"] == "error" {
			t.Errorf("said %v", line)
		}
	}
	return r
}

// A manager is killed at each of its calls in turn, before and after the call took effect. Those who connect meanwhile, and after it,
// come to the generation that serves, and no socket is left over.
func TestProcSteererKilledAtEveryCall(t *testing.T) {
	eachKind(t, func(t *testing.T, kind steer.Kind) {
		for n, killed := 1, true; killed; n++ {
			for _, applied := range []bool{false, true} {
				t.Run(fmt.Sprintf("call %d, applied %t", n, applied), func(t *testing.T) {
					k := startAs(t, steererVariable+"="+kind.String())
					if killed = k.serve(n, applied); !killed || k.last.Config == 4 {
						return
					}
					r := k.resume(kind)
					k.checkSteered(r)
					if err := r.Close(); err != nil {
						t.Error(err)
					}
					for _, a := range k.last.Open {
						if connects(a) {
							t.Error("a socket is left that nobody knows")
						}
					}
				})
			}
		}
	})
}

func (k *keeperOf) checkSteered(r *Registry) {
	t := k.t
	t.Helper()
	l := r.Status()[0]
	waiting, now := l.Queue, map[bool]int{}
	if want := 2 * len(k.last.Open); waiting < want {
		t.Errorf("%d of %d clients are left who came while no manager lived", waiting, want)
	}
	for range 6 {
		queue(t, l.Address)
	}
	before := l.Members
	for i, m := range r.Status()[0].Members {
		now[m.Current] += m.Queue - before[i].Queue
		if served := m.User.Generation; m.Current && k.last.Serves > 0 && served != k.last.Serves && slices.ContainsFunc(before, func(o MemberStatus) bool { return o.User.Generation == k.last.Serves }) {
			t.Errorf("generation %d gets connections, %d serves", served, k.last.Serves)
		}
	}
	if now[true] != 6 || now[false] != 0 {
		t.Errorf("of 6 connections %d came to those who are current, %d to others", now[true], now[false])
	}
	var keys []string
	for _, m := range r.held("web", false).members {
		keys = append(keys, m.key)
	}
	slices.Sort(keys)
	if d := cmp.Diff(keys, slices.DeleteFunc(k.v.names(), func(name string) bool { return !strings.HasPrefix(name, keyPrefix) })); d != "" {
		t.Errorf("held:\n%s", d)
	}
}
