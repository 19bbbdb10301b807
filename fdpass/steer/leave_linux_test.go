package steer

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestProcQueued takes out a member at which 200 connections wait.
func TestProcQueued(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	tests := []struct {
		kind     Kind
		requests string // net.ipv4.tcp_migrate_req
		served   int
	}{
		{Classic, "0", 0}, {Classic, "1", 200}, {Extended, "0", 200}, {Extended, "1", 200},
	}
	for _, tt := range tests {
		for _, handshakes := range []bool{false, true} {
			name := tt.kind.String() + " tcp_migrate_req=" + tt.requests + map[bool]string{true: " handshakes"}[handshakes]
			t.Run(name, func(t *testing.T) {
				sysctl(t, "tcp_migrate_req", tt.requests)
				r := newRig(t, tt.kind, loopback4).with("old", "new")
				if got := r.group.Migrates(); got != (tt.served > 0) {
					t.Errorf("Migrates is %v", got)
				}
				clients := r.waiting(200, handshakes)
				r.steer(to("new"))
				if err := r.group.Leave("old"); err != nil {
					t.Fatal(err)
				}
				served := r.serve(clients)
				t.Logf("%d of %d served", served, len(clients))
				if served != tt.served {
					t.Errorf("%d of %d connections were served, expected %d", served, len(clients), tt.served)
				}
			})
		}
	}
}

// waiting makes connections to the member "old": in its queue, or as handshakes. TCP_DEFER_ACCEPT leaves a connection a handshake until
// data come.
func (r *rig) waiting(n int, handshakes bool) []int {
	r.t.Helper()
	if handshakes {
		_ = r.socks["old"].Use(func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 60) })
	}
	clients := make([]int, n)
	for i := range clients {
		clients[i] = connect(r.t, r.at, netip.AddrPort{})
		r.t.Cleanup(func() { unix.Close(clients[i]) })
	}
	if q := r.queue("old"); q != map[bool]int{false: n}[handshakes] {
		r.t.Errorf("%d connections in the queue", q)
	}
	return clients
}

// serve has every client send a byte and the member "new" answer it; it counts the clients that read the answer. A connection that
// did not move is reset: then the client's read ends at once.
func (r *rig) serve(clients []int) int {
	go func() {
		_ = r.socks["new"].Use(func(fd int) error {
			for range clients {
				poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
				if n, err := unix.Poll(poll, 5000); n != 1 && err != unix.EINTR {
					return nil
				}
				if conn, err := accept(fd); err == nil {
					_, _ = unix.Write(conn, []byte("y"))
					unix.Close(conn)
				}
			}
			return nil
		})
	}()
	served := 0
	for _, c := range clients {
		_, _ = unix.SendmsgN(c, []byte("x"), nil, nil, unix.MSG_NOSIGNAL)
		b := make([]byte, 1)
		if n, err := unix.Read(c, b); n == 1 && err == nil {
			served++
		}
	}
	return served
}

// TestProcCookies has the kernel remember nothing of a handshake: its last packet is steered anew.
func TestProcCookies(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	sysctl(t, "tcp_syncookies", "2")
	eachKind(t, func(t *testing.T, r *rig) {
		r.with("old", "new", "other")
		for i := range 2000 {
			key := []string{"old", "new"}[i%2]
			r.steer(to(key))
			if who := r.who(); who != key {
				t.Fatalf("connection %d went to %s", i, who)
			}
		}
		r.steer(Choice{Current: []string{"old"}, Canary: []string{"new"}, Share: 0.5})
		got := map[string]int{}
		for range 2000 {
			got[r.who()]++
		}
		if got["new"] < 800 || got["new"] > 1200 || got["other"] > 0 {
			t.Errorf("connections went to %v", got)
		}
		from := freePort(t, r.at.Addr())
		r.steer(Choice{Current: []string{"old"}, Probes: []Probe{{from, "other"}}})
		if who := r.whoFrom(r.at, from); who != "other" {
			t.Errorf("the probe reached %s", who)
		}
	})
	b := must(readFile("/proc/net/netstat"))
	if sent := counter(b, "SyncookiesSent"); sent == "0" || sent == "" {
		t.Errorf("%q cookies were sent", sent)
	}
}

// counter reads one number of /proc/net/netstat: pairs of lines, names and values.
func counter(netstat, name string) string {
	lines := strings.Split(netstat, "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		if at := slices.Index(strings.Fields(lines[i]), name); at > 0 {
			return strings.Fields(lines[i+1])[at]
		}
	}
	return ""
}

// TestProcLeaveUnderLoad takes members out from under a client that connects all the time: before, between and behind the current one.
func TestProcLeaveUnderLoad(t *testing.T) {
	tests := []struct {
		name             string
		members, current []string
		leave            string
	}{
		{"one of two", []string{"a", "b"}, []string{"b"}, "a"},
		{"the first, and the last is not current", []string{"a", "b", "c"}, []string{"b"}, "a"},
		{"the last", []string{"a", "b", "c"}, []string{"b"}, "c"},
		{"the first, and several are current", []string{"a", "b", "c", "d"}, []string{"b", "c", "d"}, "a"},
		{"a current one", []string{"a", "b", "c", "d"}, []string{"b", "c", "d"}, "b"},
	}
	for _, tt := range tests {
		for _, kind := range kinds() {
			t.Run(tt.name+", "+kind.String(), func(t *testing.T) {
				for range 20 {
					r := newRig(t, kind, loopback4).with(tt.members...)
					r.steer(to(tt.current...))
					stop := r.load()
					if err := r.group.Leave(tt.leave); err != nil {
						t.Fatal(err)
					}
					got := stop()
					if lost := got[""]; lost == 1 && (slices.Contains(tt.current, tt.leave) || !r.group.Migrates()) {
						delete(got, "") // its handshake was completed at that very moment, or see "Classic" in the package's documentation
					}
					for key, n := range got {
						if n > 0 && !slices.Contains(tt.current, key) {
							t.Errorf("%d connections went to %q", n, key)
						}
					}
				}
			})
		}
	}
}

// TestProcLeaveInAnyOrder takes all but the current member out from under a client, in any order, whenever CanLeave says so; those that
// could not leave do after the next one has joined.
func TestProcLeaveInAnyOrder(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.with("m0", "m1", "m2")
		for i := 3; i < 150; i++ {
			order := r.group.Order()
			current := order[rand.IntN(len(order))]
			r.steer(to(current))
			r.join(fmt.Sprint("m", i))
			stop, gone := r.load(), []string{}
			for _, at := range rand.Perm(len(order)) {
				key := order[at]
				if key == current || rand.IntN(4) == 0 || !r.group.CanLeave(key) {
					continue
				}
				if err := r.group.Leave(key); err != nil {
					t.Fatal(err)
				}
				gone = append(gone, key)
			}
			got := stop()
			if !r.group.Migrates() && got[""] <= len(gone) {
				delete(got, "") // see "Classic" in the package's documentation
			}
			if len(got) != 1 || got[current] == 0 {
				t.Fatalf("%s is current; connections went to %v while %v left, of %v", current, got, gone, order)
			}
			for _, key := range gone {
				r.drop(key)
			}
		}
		if n := len(r.group.Order()); n > 20 {
			t.Errorf("%d members have stayed", n)
		}
	})
}

func TestCanLeave(t *testing.T) {
	members := func(keys ...string) []Member {
		var list []Member
		for _, key := range keys {
			list = append(list, Member{Key: key})
		}
		return list
	}
	tests := []struct {
		members []Member
		current []string
		key     string
		kind    Kind
		can     bool
	}{
		{members("a", "b"), []string{"b"}, "a", Classic, true},
		{members("a", "b", "c"), []string{"c"}, "a", Classic, false},
		{members("a", "b", "c"), []string{"c"}, "c", Classic, true},
		{members("a", "b", "c"), []string{"b"}, "a", Classic, true},
		{members("a", "b", "c"), []string{"b", "c"}, "a", Classic, true},
		{members("a", "b", "c"), []string{"c"}, "a", Extended, true},
	}
	for _, tt := range tests {
		g := &Group{members: tt.members, choice: &Choice{Current: tt.current}, kernel: kernel{now: tt.kind}}
		if got := g.CanLeave(tt.key); got != tt.can {
			t.Errorf("%s leaves %v, %v current, %s: %v", tt.key, g.Order(), tt.current, tt.kind, got)
		}
	}
	if !(&Group{members: members("a", "b", "c")}).CanLeave("a") {
		t.Error("nobody is current and a cannot leave")
	}
}
