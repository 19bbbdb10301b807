package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// stall is a Store of descriptors that are pipes' ends; what they are does not matter here.
type stall struct {
	names []string
	fail  error
}

// List implements Store.
func (s stall) List() (list []fdpass.Named, err error) {
	for _, name := range s.names {
		_, w, err := fdpass.Pipe()
		if err != nil {
			return nil, err
		}
		list = append(list, fdpass.Named{Name: name, Descriptor: w})
	}
	return list, s.fail
}

func (stall) Put(string, *fdpass.Descriptor, time.Time) error { return ErrDenied }
func (stall) Delete(string) error                             { return ErrDenied }

// counter exports the number of the call, and imports it.
type counter struct {
	calls int
	pids  []int
	got   []int
	fail  int // the call that fails, from 1
}

func (c *counter) export(_ *fdpass.Descriptor, pid int) ([]byte, error) {
	c.calls++
	c.pids = append(c.pids, pid)
	if c.calls == c.fail {
		return nil, errors.New("no such process")
	}
	info := make([]byte, systemfdInfo)
	binary.LittleEndian.PutUint32(info, uint32(c.calls))
	return info, nil
}

func (c *counter) open(info []byte) (*fdpass.Descriptor, error) {
	c.got = append(c.got, int(binary.LittleEndian.Uint32(info)))
	if len(c.got) == c.fail {
		return nil, errors.New("no buffer space")
	}
	_, w, err := fdpass.Pipe()
	return w, err
}

// systemfdAt serves dialogues at a port until the test ends; an error comes out for each.
func systemfdAt(t testing.TB, dialogue func(net.Conn) error) (address string, ends <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	done := make(chan error, 1000)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { done <- dialogue(c) }()
		}
	}()
	return l.Addr().String(), done
}

func systemfdServer(t testing.TB, secret string, s Store, export Exporter) (address string, ends <-chan error) {
	t.Helper()
	return systemfdAt(t, func(c net.Conn) error { return ServeSystemfd(context.Background(), c, secret, s, export) })
}

func TestSystemfd(t *testing.T) {
	var server, client counter
	address, ends := systemfdServer(t, "s3cret", stall{names: []string{"web", "admin", "dns"}}, server.export)
	list, err := FetchSystemfd(t.Context(), address, "s3cret", 4711, client.open)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ends; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]int{1, 2, 3}, client.got); diff != "" || len(list) != 3 {
		t.Errorf("%d sockets, order (-want +got):\n%s", len(list), diff)
	}
	if diff := cmp.Diff([]int{4711, 4711, 4711}, server.pids); diff != "" {
		t.Errorf("exported to (-want +got):\n%s", diff)
	}
	for _, d := range list {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSystemfdRaw is the dialogue as listenfd has it, byte for byte.
func TestSystemfdRaw(t *testing.T) {
	var server counter
	address, ends := systemfdServer(t, "s3cret", stall{names: []string{"web", "admin"}}, server.export)
	answer := asked(t, address, "s3cret|812")
	if err := <-ends; err != nil || len(answer) != 2*628 || answer[0] != 1 || answer[628] != 2 {
		t.Errorf("%d bytes, error %v", len(answer), err)
	}
}

// asked sends a text and gives what comes until the end.
func asked(t testing.TB, address, text string) []byte {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, text)
	_ = c.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(c)
	return answer
}

// TestSystemfdRefuses gives nothing to whoever does not know the secret or speaks otherwise.
func TestSystemfdRefuses(t *testing.T) {
	var server counter
	address, ends := systemfdServer(t, "s3cret", stall{names: []string{"web"}}, server.export)
	for text, want := range map[string]error{
		"":                             errProtocol,
		"s3cret":                       errProtocol,
		"S3cret|812":                   ErrDenied,
		"|812":                         ErrDenied,
		"s3cre|812":                    ErrDenied,
		"s3cret\x00|812":               ErrDenied,
		"s3cret|":                      errProtocol,
		"s3cret|0":                     errProtocol,
		"s3cret|-4":                    errProtocol,
		"s3cret|+4":                    errProtocol,
		"s3cret|08":                    errProtocol,
		"s3cret|4 ":                    errProtocol,
		"s3cret|812|":                  errProtocol,
		"s3cret|4294967296":            errProtocol,
		"s3cret|812\n":                 errProtocol,
		strings.Repeat("x", 300) + "|": errProtocol,
	} {
		if answer := asked(t, address, text); len(answer) > 0 {
			t.Errorf("%.20q is answered by %d bytes", text, len(answer))
		}
		if err := <-ends; !errors.Is(err, want) || !strings.HasPrefix(err.Error(), "cannot serve systemfd to a peer: ") {
			t.Errorf("%.20q: %v, want %v", text, err, want)
		}
	}
	if server.calls != 0 {
		t.Errorf("%d sockets were exported", server.calls)
	}
	if _, err := parseSystemfd([]byte("|812"), ""); !errors.Is(err, ErrDenied) {
		t.Errorf("an empty secret: %v", err)
	}
}

// TestSystemfdAllOrNothing sends nothing when one export fails.
func TestSystemfdAllOrNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		store  stall
		export Exporter
		want   string
	}{
		{"an export", stall{names: []string{"web", "admin"}}, (&counter{fail: 2}).export, `cannot export "admin" to process 812: no such process`},
		{"its length", stall{names: []string{"web"}}, func(*fdpass.Descriptor, int) ([]byte, error) { return make([]byte, 3), nil }, "internal error: an export of 3 bytes in place of 628"},
		{"the list", stall{fail: ErrFull}, (&counter{}).export, ErrFull.Error()},
	} {
		address, ends := systemfdServer(t, "x", c.store, c.export)
		answer := asked(t, address, "x|812")
		if err := <-ends; len(answer) != 0 || err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: %d bytes, error %v", c.name, len(answer), err)
		}
	}
}

func TestFetchSystemfdErrors(t *testing.T) {
	answers := func(b []byte) string {
		address, _ := systemfdAt(t, func(c net.Conn) error {
			defer c.Close()
			if _, err := io.Copy(io.Discard, c); err != nil {
				return err
			}
			_, err := c.Write(b)
			return err
		})
		return address
	}
	for _, c := range []struct{ address, secret, want string }{
		{answers(nil), "x", "malformed message: 0 bytes, which are no sockets of 628 bytes each (is the secret another one?)"},
		{answers(make([]byte, 629)), "x", "malformed message: 629 bytes, which are no sockets of 628 bytes each (is the secret another one?)"},
		{answers(make([]byte, maxSystemfdAnswer+1)), "x", fmt.Sprintf("malformed message: it is longer than %d bytes", maxSystemfdAnswer)},
		{answers(make([]byte, 2*628)), "x", "cannot open the socket 1: no buffer space"},
		{"192.0.2.1:80", "x", "it is not an address of the loopback interface, such as 127.0.0.1:49731"},
		{"localhost:80", "x", "it is not an address of the loopback interface, such as 127.0.0.1:49731"},
		{"127.0.0.1", "x", "address 127.0.0.1: missing port in address"},
		{"127.0.0.1:1", "a|b", `a secret has no "|" and at most 256 bytes`},
	} {
		_, err := FetchSystemfd(t.Context(), c.address, c.secret, 812, (&counter{fail: 2}).open)
		if want := fmt.Sprintf("cannot get the sockets of the systemfd at %q: %s", c.address, c.want); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestSystemfdEnds ends a dialogue with its context, and one whose peer keeps silent.
func TestSystemfdEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	a, b := net.Pipe()
	defer a.Close()
	ended := make(chan error)
	go func() { ended <- ServeSystemfd(ctx, b, "x", stall{}, nil) }()
	cancel(errLife)
	if err := <-ended; !errors.Is(err, errLife) {
		t.Errorf("the context: %v", err)
	}
	a, b = net.Pipe()
	defer a.Close()
	err := converse(t.Context(), b, time.Millisecond, func() error { return serveSystemfd(b, "x", stall{}, nil) })
	if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
		t.Errorf("a silent peer: %v", err)
	}
}

func FuzzSystemfdAsk(f *testing.F) {
	f.Add([]byte("s3cret|812"), "s3cret")
	f.Add([]byte("|"), "")
	f.Add([]byte("a|b|1"), "a")
	f.Fuzz(func(t *testing.T, ask []byte, secret string) {
		pid, err := parseSystemfd(ask, secret)
		if err == nil && (pid < 1 || secret == "" || !bytes.Equal(ask, fmt.Appendf(nil, "%s|%d", secret, pid))) {
			t.Fatalf("%q for %q gives %d", ask, secret, pid)
		}
	})
}

// FuzzSystemfdAnswer lets a server say anything: what is not taken is closed.
func FuzzSystemfdAnswer(f *testing.F) {
	f.Add(make([]byte, 2*628), 2)
	f.Add(make([]byte, 628), 0)
	f.Add([]byte{1}, 0)
	f.Fuzz(func(t *testing.T, answer []byte, fail int) {
		server, client := net.Pipe()
		defer server.Close()
		go func() {
			ask := make([]byte, len("x|1"))
			_, _ = io.ReadFull(server, ask)
			_, _ = server.Write(answer)
			server.Close()
		}()
		list, err := askSystemfd(client, "x|1", (&counter{fail: fail}).open)
		if err == nil && len(list)*systemfdInfo != len(answer) || err != nil && list != nil {
			t.Fatalf("%d bytes gave %d sockets, error %v", len(answer), len(list), err)
		}
		for _, d := range list {
			_ = d.Close()
		}
	})
}
