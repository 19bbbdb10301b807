//go:build linux

package fdpass

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// socketPair gives two connected ends in Go's poller.
func socketPair(t testing.TB, typ int) (a, b *net.UnixConn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]*net.UnixConn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "pair")
		c, err := net.FileConn(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		ends[i] = c.(*net.UnixConn)
		t.Cleanup(func() { c.Close() })
	}
	return ends[0], ends[1]
}

// manyNamed gives n names for duplicates of one pipe.
func manyNamed(t testing.TB, n int) []Named {
	t.Helper()
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	list := make([]Named, n)
	for i := range list {
		d, err := w.Dup()
		if err != nil {
			t.Fatal(err)
		}
		list[i] = Named{fmt.Sprintf("l%d", i), d}
	}
	t.Cleanup(func() { closeAll(list) })
	return list
}

func TestSendReceive(t *testing.T) {
	for _, typ := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
		for _, n := range []int{0, 1, 2, 253, 254, 1000} {
			a, b := socketPair(t, typ)
			list := manyNamed(t, n)
			before := openDescriptors(t)
			failed := make(chan error, 1)
			go func() {
				err := Send(a, list)
				_, more := a.Write([]byte("after"))
				failed <- errors.Join(err, more)
			}()
			got, err := Receive(b)
			if err != nil || len(got) != n {
				t.Fatalf("type %d: %d of %d came: %v", typ, len(got), n, err)
			}
			for i := range got {
				if got[i].Name != list[i].Name || !sameFile(t, got[i].Descriptor, list[i].Descriptor) {
					t.Fatalf("number %d is %q", i, got[i].Name)
				}
			}
			buf := make([]byte, 9)
			if m, err := b.Read(buf); string(buf[:m]) != "after" || err != nil {
				t.Errorf("what followed came as %q %v", buf[:m], err)
			}
			if err := <-failed; err != nil {
				t.Error(err)
			}
			closeAll(got)
			if after := openDescriptors(t); after > before {
				t.Errorf("%d descriptors before, %d after", before, after)
			}
		}
	}
}

func sameFile(t *testing.T, a, b *Descriptor) bool {
	t.Helper()
	var x, y unix.Stat_t
	err := a.Use(func(fd int) error { return unix.Fstat(fd, &x) })
	if err := errors.Join(err, b.Use(func(fd int) error { return unix.Fstat(fd, &y) })); err != nil {
		t.Fatal(err)
	}
	return x.Ino == y.Ino
}

func TestSendRefuses(t *testing.T) {
	a, _ := socketPair(t, unix.SOCK_STREAM)
	list := manyNamed(t, 2)
	for _, name := range []string{"", "a\nb", "é", strings.Repeat("x", 256)} {
		if err := Send(a, []Named{list[0], {name, list[1].Descriptor}}); err == nil {
			t.Errorf("%q was sent", name)
		}
	}
	list[1].Descriptor.Close()
	if err := Send(a, list); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := Send(a, make([]Named, MaxNamed+1)); err == nil {
		t.Error("too many were sent")
	}
	a.Close()
	if err := Send(a, list[:1]); err == nil {
		t.Error("sent into nothing")
	}
}

// raw writes one message with n descriptors.
type raw struct {
	data []byte
	n    int
}

func header(count, left, size int) []byte {
	return batch{count: count, left: left, size: size}.encode()
}

func change(b []byte, at int, value byte) []byte {
	b[at] = value
	return b
}

// bad are dialogues that Receive must refuse; each message may carry descriptors.
func bad() map[string][]raw {
	return map[string][]raw{
		"magic":                 {{change(header(1, 0, 2), 0, 'X'), 1}},
		"version":               {{change(header(1, 0, 2), 4, 9), 1}},
		"reserved":              {{change(header(1, 0, 2), 5, 9), 1}},
		"fewer descriptors":     {{header(2, 0, 4), 1}, {[]byte("\x01a\x01b"), 0}},
		"more descriptors":      {{header(1, 0, 2), 3}, {[]byte("\x01a"), 0}},
		"none came":             {{header(1, 0, 2), 0}, {[]byte("\x01a"), 0}},
		"not announced":         {{header(0, 0, 0), 1}},
		"empty with names":      {{header(0, 0, 5), 0}},
		"empty with more":       {{header(0, 5, 0), 0}},
		"too many in all":       {{header(1, MaxNamed, 2), 1}},
		"names too long":        {{header(1, 0, 257), 1}},
		"names too short":       {{header(1, 0, 1), 1}},
		"size huge":             {{header(1, 0, 1<<30), 1}},
		"empty name":            {{header(2, 0, 4), 2}, {[]byte("\x00\x02ab"), 0}},
		"bad name":              {{header(1, 0, 2), 1}, {[]byte("\x01\n"), 0}},
		"name runs over":        {{header(1, 0, 2), 1}, {[]byte("\x09a"), 0}},
		"bytes left over":       {{header(1, 0, 4), 1}, {[]byte("\x01abc"), 0}},
		"descriptor with names": {{header(1, 0, 2), 1}, {[]byte("\x01a"), 1}},
		"short header":          {{header(1, 0, 2)[:9], 1}},
		"end after header":      {{header(1, 0, 2), 1}},
		"end in names":          {{header(1, 0, 9), 1}, {[]byte("\x08a"), 0}},
		"end between batches":   {{header(1, 1, 2), 1}, {[]byte("\x01a"), 0}},
		"left does not agree":   {{header(1, 2, 2), 1}, {[]byte("\x01a"), 0}, {header(1, 0, 2), 1}, {[]byte("\x01b"), 0}},
		"empty batch follows":   {{header(1, 1, 2), 1}, {[]byte("\x01a"), 0}, {header(0, 0, 0), 0}},
		"descriptor and end":    {{[]byte("S"), 3}},
	}
}

func (m raw) send(t testing.TB, c *net.UnixConn, d *Descriptor) {
	t.Helper()
	var oob []byte
	if m.n > 0 {
		fds := make([]int, m.n)
		for i := range fds {
			fds[i] = d.fd
		}
		oob = unix.UnixRights(fds...)
	}
	if _, _, err := c.WriteMsgUnix(m.data, oob, nil); err != nil {
		t.Fatal(err)
	}
}

func TestReceiveRefusesAndClosesEverything(t *testing.T) {
	d := manyNamed(t, 1)[0].Descriptor
	for _, typ := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
		for name, dialogue := range bad() {
			before := openDescriptors(t)
			a, b := socketPair(t, typ)
			for _, m := range dialogue {
				m.send(t, a, d)
			}
			a.Close()
			list, err := Receive(b)
			if err == nil || list != nil || err == io.EOF || !strings.HasPrefix(err.Error(), "cannot receive descriptors: ") {
				t.Errorf("type %d, %s: got %v %v", typ, name, list, err)
			}
			b.Close()
			if after := openDescriptors(t); after > before {
				t.Errorf("type %d, %s: %d descriptors before, %d after", typ, name, before, after)
			}
		}
	}
}

func TestReceiveLeaksNothing(t *testing.T) {
	d := manyNamed(t, 1)[0].Descriptor
	before := openDescriptors(t)
	for count := 0; count < 1000; {
		for _, dialogue := range bad() {
			a, b := socketPair(t, unix.SOCK_STREAM)
			for _, m := range dialogue {
				m.send(t, a, d)
			}
			a.Close()
			if _, err := Receive(b); err == nil {
				t.Fatal("taken")
			}
			b.Close()
			count++
		}
	}
	if after := openDescriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestReceiveEnd(t *testing.T) {
	a, b := socketPair(t, unix.SOCK_STREAM)
	a.Close()
	if _, err := Receive(b); err != io.EOF {
		t.Errorf("got %v", err)
	}
}

// A packet that is longer than announced, and descriptors that do not fit into this process.
func TestReceiveTruncated(t *testing.T) {
	d := manyNamed(t, 1)[0].Descriptor
	a, b := socketPair(t, unix.SOCK_SEQPACKET)
	raw{append(header(1, 0, 2), "more"...), 1}.send(t, a, d)
	if _, err := Receive(b); err == nil || !strings.Contains(err.Error(), "longer than announced") {
		t.Errorf("got %v", err)
	}
	before := openDescriptors(t)
	withLimit(t, uint64(d.fd+20), func() {
		raw{header(200, 0, 400), 200}.send(t, a, d)
		if _, err := Receive(b); err == nil || !strings.Contains(err.Error(), "RLIMIT_NOFILE") {
			t.Errorf("got %v", err)
		}
	})
	if after := openDescriptors(t); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func withLimit(t *testing.T, n uint64, f func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: n, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &old)
	f()
}

func TestReceivedIsCloseOnExec(t *testing.T) {
	a, b := socketPair(t, unix.SOCK_STREAM)
	if err := Send(a, manyNamed(t, 1)); err != nil {
		t.Fatal(err)
	}
	list, err := Receive(b)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(list)
	if flags, err := unix.FcntlInt(uintptr(list[0].Descriptor.fd), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("%x %v", flags, err)
	}
}

func FuzzBatch(f *testing.F) {
	f.Add(header(1, 0, 2), []byte("\x01a"), 1, -1)
	f.Add(header(0, 0, 0), []byte{}, 0, 0)
	f.Add(header(2, 5, 6), []byte("\x02ab\x02cd"), 2, 7)
	f.Fuzz(func(t *testing.T, h, names []byte, received, expected int) {
		b, err := parseBatch(h, received, expected)
		if err != nil {
			return
		}
		if string(b.encode()) != string(h) || b.count != received || b.count > MaxBatch || b.size > MaxBatch*256 {
			t.Fatalf("%+v from %x", b, h)
		}
		list, err := parseNames(names, b.count)
		if err != nil {
			return
		}
		var named []Named
		for _, name := range list {
			named = append(named, Named{Name: name})
		}
		if again, err := encodeNames(named); err != nil || string(again) != string(names) {
			t.Fatalf("%q became %q, %v", names, again, err)
		}
	})
}
