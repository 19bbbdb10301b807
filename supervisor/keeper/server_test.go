//go:build linux

package keeper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// speak sends raw packets to a server and reads the answers.
type speaker struct {
	t    *testing.T
	conn *conn
}

func (s speaker) ask(packet string, fds ...int) reply {
	s.t.Helper()
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	if err := s.conn.write([]byte(packet), rights); err != nil {
		s.t.Fatal(err)
	}
	p, err := s.conn.receive(make([]byte, maxPacket+1))
	if err != nil {
		s.t.Fatal(err)
	}
	defer p.close()
	var r reply
	if err := decodePacket(p.body, &r); err != nil {
		s.t.Fatal(err)
	}
	return r
}

func newSpeaker(t *testing.T) (*rig, speaker) {
	r, theirs := newRig(t)
	s := speaker{t, newConn(theirs)}
	t.Cleanup(s.conn.close)
	return r, s
}

func TestProcRequestsAreJudged(t *testing.T) {
	r, s := newSpeaker(t)
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[0])
	tests := []struct {
		packet string
		fds    int
		want   string
	}{
		{`{"seq":1,"kind":"nonsense"}`, 0, `there is no request of kind "nonsense"`},
		{`{"seq":1,"kind":"nonsense"}`, 253, `there is no request of kind "nonsense"`},
		{`{"seq":1,"kind":"hold","name":"a"}`, 0, `"hold" came with 0 descriptors`},
		{`{"seq":1,"kind":"hold","name":"a"}`, 2, `"hold" came with 2 descriptors`},
		{`{"seq":1,"kind":"hold"}`, 1, "its name has 0 bytes"},
		{`{"seq":1,"kind":"hold","name":"a\nb"}`, 1, "cannot be printed"},
		{`{"seq":1,"kind":"drop","name":"a"}`, 1, `"drop" came with 1 descriptors`},
		{`{"seq":1,"kind":"spawn","files":["a"]}`, 3, `"a" is not held`},
		{`{"seq":1,"kind":"spawn","files":[""]}`, 3, "1 files came with 3 descriptors"},
		{`{"seq":1,"kind":"spawn","files":[]}`, 4, "0 files came with 4 descriptors"},
		{`{"seq":1,"kind":"spawn","name":"\u0001"}`, 3, "cannot be printed"},
		{`{"seq":1,"kind":"spawn"}`, 3, "permission denied"}, // a pipe is no program
		{`{"seq":1,"kind":"spawn","group":"/x"}`, 3, "a group came without its folder"},
		{`{"seq":1,"kind":"spawn","group":"/x"}`, 4, "bad file descriptor"}, // a pipe is no group
		{`{"seq":1,"kind":"spawn","group":"/x","files":[""]}`, 4, "1 files came with 4 descriptors"},
		{`{"seq":1,"kind":"spawn","group":"` + strings.Repeat("x", maxGroup+1) + `"}`, 4, "longer than 4096 bytes"},
		{`{"seq":1,"kind":"exit","id":5}`, 0, "there is no such worker"},
		{`{"seq":1,"kind":"forget","id":5}`, 0, "there is no such worker"},
		{`{"seq":1,"kind":"follow","id":5}`, 1, "there is no such worker"},
		{`{"seq":1,"kind":"tried"}`, 0, "there is nothing to try"},
	}
	before := openDescriptors(t)
	for _, tt := range tests {
		got := s.ask(tt.packet, slices.Repeat([]int{ends[1]}, tt.fds)...)
		if got.Seq != 1 || !strings.Contains(got.Error, tt.want) {
			t.Errorf("%s with %d: got %+v, want %q", tt.packet, tt.fds, got, tt.want)
		}
	}
	if after := openDescriptors(t); after > before { // fewer: an earlier test's were collected
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
	// Nobody has the pipe but this test, so nothing was kept by mistake.
	unix.Close(ends[1])
	if n, err := unix.Read(ends[0], make([]byte, 1)); n != 0 || err != nil {
		t.Errorf("the pipe is still open: %d, %v", n, err)
	}
	if len(r.kept) > 0 || len(r.workers) > 0 {
		t.Errorf("kept are %v, workers %v", r.kept, r.workers)
	}
}

func TestProcTrialMayOnlyLook(t *testing.T) {
	r, s := newSpeaker(t)
	r.notes <- func() {
		r.manager.trial = true
		r.trial, r.current = r.manager, nil
	}
	for kind, a := range acts() {
		if a.trial || a.least > 0 {
			continue
		}
		if got := s.ask(fmt.Sprintf(`{"seq":1,"kind":%q}`, kind)); got.Error != "a manager on trial may only look" {
			t.Errorf("%s: got %+v", kind, got)
		}
	}
	if got := s.ask(`{"seq":1,"kind":"welcome"}`); got.Welcome == nil || !got.Welcome.Trial {
		t.Errorf("got %+v", got)
	}
}

// A worker can only follow a process, and its status asks for its own two.
func TestProcFollowIsJudged(t *testing.T) {
	_, theirs := newRig(t)
	c, _, err := connect(newConn(theirs))
	if err != nil {
		t.Fatal(err)
	}
	b := bench{c, c.core, t}
	t.Cleanup(b.clear)
	p, err := c.Spawn(shell("exec sleep 1000"))
	b.must(err)
	if err := c.do(request{Kind: "follow", ID: p.ID}, c.program); err == nil || err.Error() != "it is no pidfd" {
		t.Errorf("got %v", err)
	}
	if err := c.do(request{Kind: "exit", ID: p.ID, PID: 1}); err == nil || err.Error() != "process 1 is not the main one" {
		t.Errorf("got %v", err)
	}
	if err := c.do(request{Kind: "exit", ID: p.ID, PID: p.PID}); !errors.Is(err, errRunning) {
		t.Errorf("got %v", err)
	}
	if err := c.do(request{Kind: "forget", ID: p.ID}); !errors.Is(err, errRunning) {
		t.Errorf("got %v", err)
	}
}

func TestSignalsToStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(Options{})
		s.current = &manager{}
		s.take(unix.SIGTERM)
		s.take(unix.SIGTERM) // timeout(1) sends it twice
		if s.stopping != 1 || s.code != nil {
			t.Errorf("%d signals, code %v", s.stopping, s.code)
		}
		time.Sleep(sameSignal)
		s.take(unix.SIGINT)
		if s.stopping != 2 || s.code != nil || !slices.Equal(s.pending, []syscall.Signal{unix.SIGTERM, unix.SIGINT}) {
			t.Errorf("%d signals, code %v, pending %v", s.stopping, s.code, s.pending)
		}
		s.settle(s.current)
		if s.current.told != 2 || len(s.pending) != 2 {
			t.Errorf("told of %d, pending %v", s.current.told, s.pending)
		}
		s.settle(s.current)
		if len(s.pending) != 0 {
			t.Errorf("pending %v", s.pending)
		}
	})
}

func TestSignalsWithoutManager(t *testing.T) {
	s := newServer(Options{})
	for range 3 * maxPending {
		s.take(unix.SIGHUP)
	}
	if len(s.pending) != maxPending {
		t.Errorf("%d are pending", len(s.pending))
	}
}

func TestPause(t *testing.T) {
	s := newServer(Options{})
	delays := func() (list []time.Duration) {
		for s.short = 1; s.short <= 15; s.short++ {
			list = append(list, s.pause())
		}
		return list
	}
	want := []time.Duration{1e8, 2e8, 4e8, 8e8, 16e8, 32e8, 64e8, 1e10, 1e10, 1e10, 1e10, 1e10, 1e10, 1e10, 1e10}
	if got := delays(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	s.everReady = true
	want = append(make([]time.Duration, tolerated), want[:10]...)
	if got := delays(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	s.short = 1 << 40
	if got := s.pause(); got != maxBackoff {
		t.Errorf("got %v", got)
	}
}

func TestWatchdog(t *testing.T) {
	for _, tt := range []struct {
		usec, pid string
		want      time.Duration
	}{
		{"", "", 0},
		{"3000000", "", 3 * time.Second},
		{"3000000", fmt.Sprint(os.Getpid()), 3 * time.Second},
		{"3000000", "1", 0},
		{"x", "", 0},
		{"-1", "", 0},
		{"9000000000000000000", "", 24 * time.Hour},
	} {
		env := map[string]string{"WATCHDOG_USEC": tt.usec, "WATCHDOG_PID": tt.pid}
		if got := watchdog(func(name string) string { return env[name] }); got != tt.want {
			t.Errorf("%q for %q: got %v, want %v", tt.usec, tt.pid, got, tt.want)
		}
	}
}

func TestParseMapping(t *testing.T) {
	const path = "/usr/bin/supervise"
	for line, want := range map[string]mapping{
		"00400000-0087b000 r-xp 00000000 fe:00 1234                       /usr/bin/supervise":           {0x400000, 0x87b000},
		"7f0000400000-7f000087b000 r--p 00000000 fe:00 1234               /usr/bin/supervise":           {0x7f0000400000, 0x7f000087b000},
		"00cb0000-00d00000 rw-p 00848000 fe:00 1234                       /usr/bin/supervise":           {},
		"00400000-0087b000 r-xp 00000000 fe:00 1234                       /usr/bin/supervise (deleted)": {},
		"00400000-0087b000 r-xp 00000000 fe:00 1234                       /usr/bin/other":               {},
		"zz-0087b000 r-xp 00000000 fe:00 1234                       /usr/bin/supervise":                 {},
		"0087b000-00400000 r-xp 00000000 fe:00 1234                       /usr/bin/supervise":           {},
		"Size:               4588 kB": {},
	} {
		if got, ok := parseMapping(line, path); ok != (want.end > 0) || ok && got != want {
			t.Errorf("%s: got %x, %t", line, got, ok)
		}
	}
}

func TestProcMemoryFile(t *testing.T) {
	want := bytes.Repeat([]byte("text"), 1<<18)
	fd, err := memoryFile("test", want)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for range 2 {
		if got, err := readMemory(fd, len(want)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	}
	if _, err := readMemory(fd, len(want)-1); err == nil || !strings.Contains(err.Error(), "at most 1048575 are allowed") {
		t.Errorf("got %v", err)
	}
	if _, err := unix.Write(fd, []byte("x")); err != unix.EPERM {
		t.Errorf("it can be written: %v", err)
	}
	open, err := unix.MemfdCreate("open", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(open)
	if _, err := readMemory(open, 10); err == nil {
		t.Error("a file that can change was read")
	}
}

// A limit on file size counts for memory as well.
func TestProcMemoryFileLimit(t *testing.T) {
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 100, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
			t.Error(err)
		}
	}()
	if _, err := memoryFile("test", make([]byte, 101)); err == nil || !strings.Contains(err.Error(), "101 bytes are more than the limit on file size, 100") {
		t.Errorf("got %v", err)
	}
	fd, err := memoryFile("test", make([]byte, 100))
	if err != nil {
		t.Error(err)
	}
	unix.Close(fd)
}

// A keeper of another version, or one that answers nonsense, is refused.
func TestProcConnectIsStrict(t *testing.T) {
	for answer, want := range map[string]string{
		`{"seq":1,"welcome":{"protocol":2}}`: "it is of a version that speaks otherwise",
		`{"seq":1}`:                          "it is of a version that speaks otherwise",
		`{"seq":1,"error":"no"}`:             "cannot talk to the keeper: no",
		"":                                   "cannot talk to the keeper: cannot use the keeper",
	} {
		ours, theirs, err := pair()
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			p, err := ours.receive(make([]byte, maxPacket+1))
			if err == nil && !json.Valid(p.body) {
				t.Errorf("it asked %q", p.body)
			}
			for _, packet := range []string{"nonsense", `{"seq":77}`, answer} {
				if packet != "" {
					_ = ours.write([]byte(packet), nil)
				}
			}
			ours.hangUp()
		}()
		if _, _, err := connect(newConn(theirs)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", answer, err, want)
		}
		ours.close()
	}
}

// Descriptors beside an answer that nobody expects are not kept.
func TestProcUnexpectedDescriptors(t *testing.T) {
	ours, theirs, err := pair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.close()
	r, w, err := fdpass.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		_, _ = ours.receive(make([]byte, maxPacket+1))
		_ = w.Use(func(fd int) error {
			return errors.Join(ours.send(reply{Seq: 77}, []int{fd, fd}), ours.send(reply{Seq: 1, Welcome: &Welcome{Protocol: 9}}, []int{fd}))
		})
		_ = w.Close()
	}()
	if _, _, err := connect(newConn(theirs)); err == nil {
		t.Error("it was accepted")
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the pipe is still open: %d, %v", n, err)
	}
}

func TestProcClientIsGone(t *testing.T) {
	r, theirs := newRig(t)
	c, _, err := connect(newConn(theirs))
	if err != nil {
		t.Fatal(err)
	}
	r.manager.conn.hangUp()
	<-c.Gone()
	_, d, err := fdpass.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	_, inventoryErr := c.Inventory()
	_, spawnErr := c.Spawn(shell("exit 0"))
	_, waitErr := c.Wait(1)
	for name, err := range map[string]error{
		"Hold": c.Hold("x", d), "Save": c.Save("x", nil), "Drop": c.Drop("x"), "Inventory": inventoryErr, "Spawn": spawnErr,
		"Signal": c.Signal(1, syscall.SIGTERM), "Kill": c.Kill(1), "Follow": c.Follow(1, 1), "Wait": waitErr, "Forget": c.Forget(1),
		"Ready": c.Ready(), "Upgrade": c.Upgrade(), "Notify": c.Notify("x", nil), "End": c.End(0), "Tried": c.Tried(nil),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s without a keeper: %v", name, err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
}

// What the server does with any packet is to answer it or to give the manager up.
func FuzzServer(f *testing.F) {
	for kind := range acts() {
		f.Add([]byte(fmt.Sprintf(`{"seq":1,"kind":%q,"name":"a","id":1,"pid":2,"text":"x","files":["",""]}`, kind)), uint8(3))
	}
	f.Fuzz(func(t *testing.T, packet []byte, beside uint8) {
		if len(packet) == 0 || len(packet) > maxPacket {
			return
		}
		s := newServer(Options{Program: "/no/such/program"})
		defer s.idle.Stop()
		c, theirs, err := pair()
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(theirs)
		defer c.close()
		s.current = &manager{pid: 1, process: &fakeProcess{ended: make(chan struct{})}, conn: c, late: make(map[string]uint64)}
		i := &inquiry{from: s.current, done: make(chan answer, 1)}
		if decodePacket(packet, &i.request) != nil {
			return
		}
		_, d, err := fdpass.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		i.beside = []*fdpass.Descriptor{d}[:min(beside, 1)]
		s.trial = s.current // so that there is something to try
		if s.check(i, beside > 200) == nil {
			s.carryOut(i)
			<-i.done
		}
		closeAll(i.beside)
		for name, k := range s.kept {
			if checkName(name) != nil {
				t.Errorf("%q is kept", name)
			}
			_ = k.descriptor.Close()
		}
		_ = d.Close()
	})
}

// Whoever asked for a worker may be gone before it runs: nobody reads what the stage says.
func TestProcStartOutlivesItsManager(t *testing.T) {
	_, theirs := newRig(t)
	c, _, err := connect(newConn(theirs))
	if err != nil {
		t.Fatal(err)
	}
	b := bench{c, c.core, t}
	t.Cleanup(b.clear)
	s := shell("exit 3")
	plan, err := encodePlan(s, "MARK=x")
	b.must(err)
	p, err := newPipes(plan)
	b.must(err)
	b.must(p.status.Close())
	n, err := c.fork(s, "MARK=x", p.ends)
	p.close()
	b.must(err)
	if exit, err := n.handle.wait(); err != nil || exit.Code != 3 {
		t.Errorf("the worker %s, %v", exit, err)
	}
	n.handle.reap()
	n.handle.close()
}
