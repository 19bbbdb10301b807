package notify

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestBarrierReleasesTheSender(t *testing.T) {
	s := listenHere(t)
	r, w := pipe(t)
	send(t, sender(t, s), "BARRIER=1", w)
	_ = unix.Close(w)
	m := receive(t, s)
	if m.Barrier == nil || m.Ready || m.Dropped != 0 {
		t.Fatalf("got %+v", m)
	}
	if err := unix.SetNonblock(int(r.Fd()), true); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Read(int(r.Fd()), make([]byte, 1)); err != unix.EAGAIN {
		t.Fatalf("released before it was closed: %v", err)
	}
	_ = unix.SetNonblock(int(r.Fd()), false)
	if err := m.Barrier.Close(); err != nil {
		t.Fatal(err)
	}
	atEOF(t, r)
	if err := m.Barrier.Close(); err != nil {
		t.Errorf("the second close: %v", err)
	}
}

func TestBarrierRefused(t *testing.T) {
	s := listenHere(t)
	fd := sender(t, s)
	before := openFiles(t)
	r, w := pipe(t)
	send(t, fd, "BARRIER=1")
	refused(t, s, "BARRIER=1 came with 0 descriptors")
	send(t, fd, "BARRIER=1", w, w)
	refused(t, s, "BARRIER=1 came with 2 descriptors")
	send(t, fd, "BARRIER=1\nREADY=1", w)
	refused(t, s, "alone")
	_ = unix.Close(w)
	atEOF(t, r) // nobody holds a copy
	if after := openFiles(t); after != before+1 {
		t.Errorf("%d descriptors before, %d after", before+1, after)
	}
}

func TestReceiveClosesDescriptors(t *testing.T) {
	s := listenHere(t)
	fd := sender(t, s)
	for _, c := range []struct {
		text    string
		copies  int
		refused string
	}{
		{"READY=1", 1, ""},
		{"FDSTORE=1\nFDNAME=x", 3, ""},
		{"X=1", 253, ""}, // the most that a message carries
		{"READY=no", 2, "the only value is 1"},
		{"", 1, "it is empty"},
		{"\x00\x01", 5, "NUL"},
		{strings.Repeat("x", 2*MaxMessage), 2, "longer than 4096"},
	} {
		r, w := pipe(t)
		list := make([]int, c.copies)
		for i := range list {
			list[i] = w
		}
		send(t, fd, c.text, list...)
		_ = unix.Close(w)
		if c.refused != "" {
			refused(t, s, c.refused)
		} else if m := receive(t, s); m.Dropped+len(m.Store) != c.copies || (len(m.Store) > 0) != strings.HasPrefix(c.text, "FDSTORE=1") {
			t.Errorf("%q: dropped %d and stored %d of %d", c.text, m.Dropped, len(m.Store), c.copies)
		} else {
			m.Close()
		}
		atEOF(t, r)
	}
}

// When our table of open files is full the kernel cannot install what was sent: MSG_CTRUNC.
func TestReceiveWithoutRoomForDescriptors(t *testing.T) {
	s := listenHere(t)
	fd := sender(t, s)
	r, w := pipe(t)
	send(t, fd, "BARRIER=1", w)
	send(t, fd, "READY=1", w, w, w)
	send(t, fd, "READY=1")
	_ = unix.Close(w)

	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	_, first := s.Receive()
	_, second := s.Receive()
	third, err := s.Receive()
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	for _, got := range []error{first, second} {
		if got == nil || !strings.Contains(got.Error(), "descriptors were lost") {
			t.Errorf("got %v", got)
		}
	}
	if err != nil || !third.Ready {
		t.Errorf("a message without descriptors: %+v, %v", third, err)
	}
	atEOF(t, r)
}

func TestReceiveSurvivesGarbage(t *testing.T) {
	s := listenHere(t)
	fd := sender(t, s)
	r, w := pipe(t)
	before := openFiles(t)
	go garbage(fd, w)
	for i := 0; ; i++ {
		m, err := s.Receive()
		if err == nil {
			m.Close()
		}
		if m.Status == "the end" {
			if i != 1000 {
				t.Errorf("%d datagrams before the end, want 1000", i)
			}
			break
		}
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	_ = unix.Close(w)
	atEOF(t, r)
}

// garbage sends 1000 datagrams of noise, noise between known words, and descriptors, and then one that is good.
func garbage(to, descriptor int) {
	words := []string{"READY=1\n", "BARRIER=1", "STATUS=", "\n", "MAINPID=", "WATCHDOG_USEC=", "FDSTORE=1\n", "\x00"}
	for range 1000 {
		var text bytes.Buffer
		for range rand.IntN(5) {
			text.WriteString(words[rand.IntN(len(words))])
			for range rand.IntN(1000) {
				text.WriteByte(byte(rand.Uint32()))
			}
		}
		var oob []byte
		if n := rand.IntN(4); n > 0 {
			oob = unix.UnixRights([]int{descriptor, descriptor, descriptor}[:n]...)
		}
		_ = unix.Sendmsg(to, text.Bytes(), oob, nil, 0)
	}
	_ = unix.Sendmsg(to, []byte("STATUS=the end"), nil, nil, 0)
}

// What the package says about a worker that sends faster than we read.
func TestSenderIsHeldUpByAFullQueue(t *testing.T) {
	s := listenHere(t)
	fd := sender(t, s)
	sent := 0
	for unix.Sendmsg(fd, []byte("WATCHDOG=1"), nil, nil, unix.MSG_DONTWAIT) == nil {
		sent++
	}
	if err := unix.Sendmsg(fd, []byte("READY=1"), nil, nil, unix.MSG_DONTWAIT); err != unix.EAGAIN {
		t.Fatalf("got %v", err)
	}
	blocked := make(chan error)
	go func() { blocked <- unix.Sendmsg(fd, []byte("READY=1"), nil, nil, 0) }()
	for range sent {
		if m := receive(t, s); !m.Watchdog {
			t.Fatalf("got %+v", m)
		}
	}
	if err := <-blocked; err != nil {
		t.Fatal(err)
	}
	if m := receive(t, s); !m.Ready {
		t.Errorf("got %+v", m)
	}
}

// Credentials that a root sender makes up are its own business; what it cannot do is to send none.
func TestReceiveTakesTheKernelsWord(t *testing.T) {
	s := listenHere(t)
	fd := sender(t, s)
	forged := unix.UnixCredentials(&unix.Ucred{Pid: 1, Uid: 0, Gid: 0})
	err := unix.Sendmsg(fd, []byte("READY=1"), forged, nil, 0)
	switch {
	case os.Getuid() != 0 && err != unix.EPERM:
		t.Errorf("an ordinary user forged credentials: %v", err)
	case os.Getuid() == 0 && err != nil:
		t.Error(err)
	case err == nil:
		if m := receive(t, s); m.PID != 1 {
			t.Errorf("got %+v", m)
		}
	}
}

func TestJudgeWithoutCredentials(t *testing.T) {
	_, err := judge(datagram{data: []byte("READY=1")}, &parcel{}, nil)
	if err == nil || !strings.Contains(err.Error(), "did not say who") {
		t.Errorf("got %v", err)
	}
}

func TestUnpackRefusesBrokenControl(t *testing.T) {
	if _, err := unpack(datagram{control: bytes.Repeat([]byte{0xff}, 64)}); err == nil {
		t.Error("a control message with an impossible length was read")
	}
}
