//go:build linux

package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// part is one message of a dialogue: n duplicates of a descriptor beside data.
type part struct {
	data string
	n    int
}

func (m part) send(t testing.TB, c *net.UnixConn, d *fdpass.Descriptor) {
	t.Helper()
	list := make([]fdpass.Named, m.n)
	for i := range list {
		list[i] = fdpass.Named{Descriptor: d}
	}
	if err := fdpass.WriteMessage(c, []byte(m.data), list); err != nil {
		t.Fatal(err)
	}
}

// answered plays a client that says its parts, ends, and reads everything; err is what Serve says.
func answered(t testing.TB, protocol string, s Store, d *fdpass.Descriptor, parts ...part) (data []byte, list []*fdpass.Descriptor, err error) {
	t.Helper()
	client, server := pair(t)
	done := make(chan error, 1)
	go func() { done <- Serve(context.Background(), server, protocol, s) }()
	for _, m := range parts {
		m.send(t, client, d)
	}
	if err := client.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	for {
		b, more, err := fdpass.ReadMessage(client, 1<<16)
		for _, d := range more {
			t.Cleanup(func() { d.Close() })
		}
		data, list = append(data, b...), append(list, more...)
		if err != nil { // ended, or reset because something was left unread
			break
		}
	}
	return data, list, <-done
}

// request frames.
func stored(id string) string {
	return string(encodeFrame(encodeID(append([]byte{'S'}, make([]byte, taiSize)...), id), 1))
}
func retrieved(id string) string { return string(encodeFrame(encodeID([]byte{'R', 0}, id), 0)) }
func deleted(id string) string   { return string(encodeFrame(encodeID([]byte{'D'}, id), 0)) }

// bad are dialogues that a server must end with an error.
func bad() map[string]map[string][]part {
	return map[string]map[string][]part{
		"haproxy": {
			"another command": {{"show info\n", 0}},
			"half a command":  {{"_getso", 0}},
			"descriptors":     {{haproxyCommand, 2}},
			"no ack":          {{haproxyCommand, 0}},
			"half an ack":     {{haproxyCommand, 0}, {"\x01\x00", 0}},
			"ack and more":    {{haproxyCommand, 0}, {"\x01\x00\x00\x00", 1}},
		},
		"s6-fdholder": {
			"half a head":       {{"\x00\x00", 0}},
			"half a frame":      {{retrieved("web")[:8], 0}},
			"nothing":           {{"\x00\x00\x00\x00\x00\x00", 0}},
			"too long":          {{"\x00\x01\x00\x00\x00\x00", 0}},
			"much too long":     {{"\xff\xff\xff\xff\xff\xff", 0}},
			"unknown":           {{string(encodeFrame([]byte("X"), 0)), 0}},
			"dump chunk":        {{string(encodeFrame([]byte("."), 0)), 0}},
			"missing":           {{stored("app.x"), 0}},
			"one too many":      {{stored("app.x"), 2}},
			"not announced":     {{retrieved("web"), 1}},
			"announced":         {{string(encodeFrame(encodeID([]byte{'R', 0}, "web"), 1)), 1}},
			"in the body":       {{retrieved("web")[:6], 0}, {retrieved("web")[6:], 1}},
			"no id":             {{string(encodeFrame([]byte{'D', 0, 0}, 0)), 0}},
			"short id":          {{string(encodeFrame([]byte{'D', 9, 'a', 0}, 0)), 0}},
			"no NUL":            {{string(encodeFrame([]byte{'D', 1, 'a', 'b'}, 0)), 0}},
			"NUL inside":        {{deleted("a\x00b"), 0}},
			"newline inside":    {{deleted("a\nb"), 0}},
			"no flag":           {{string(encodeFrame([]byte{'R'}, 0)), 0}},
			"no expiry":         {{string(encodeFrame([]byte{'S', 0}, 1)), 1}},
			"list of something": {{string(encodeFrame([]byte("Lx"), 0)), 0}},
			"dump of something": {{string(encodeFrame([]byte("?x"), 0)), 0}},
			"set dump of 1":     {{string(encodeFrame([]byte("!\x00"), 0)), 0}},
			"second is bad":     {{retrieved("web"), 0}, {"garbage!", 3}},
			"many descriptors":  {{stored("app.x"), 253}},
			"slow flood":        {{"\x00", 200}, {"\x00", 200}},
		},
		"multibinder": {
			"garbage":      {{"\x00\xff", 0}},
			"half":         {{`{"method":"bi`, 0}},
			"an array":     {{`[1,2]`, 0}},
			"a port":       {{`{"method":"bind","params":[{"port":65536}]}`, 0}},
			"no port":      {{`{"method":"bind","params":[{"port":"x"}]}`, 0}},
			"descriptors":  {{`{"method":"bind","params":[]}`, 1}},
			"long":         {{`{"method":"` + strings.Repeat("x", maxRPC) + `"}`, 0}},
			"deep":         {{strings.Repeat("[", maxRPC-1), 0}},
			"after a good": {{`{"method":"none"}`, 0}, {`}`, 2}},
		},
	}
}

// TestGarbage: an error, the connection closed, and nothing kept of what came.
func TestGarbage(t *testing.T) {
	web := named(t, "web", listener(t, "tcp4", "127.0.0.1"))
	s := newShelf(t, web)
	for protocol, dialogues := range bad() {
		for name, parts := range dialogues {
			t.Run(protocol+"/"+name, func(t *testing.T) {
				before := openDescriptors(t)
				t.Run("dialogue", func(t *testing.T) {
					_, _, err := answered(t, protocol, s, web.Descriptor, parts...)
					if err == nil || !strings.HasPrefix(err.Error(), "cannot serve "+protocol+" to a peer: ") {
						t.Errorf("got %v", err)
					}
				})
				if after := openDescriptors(t); after > before { // fewer if a client of an earlier test has just left
					t.Errorf("%d descriptors before, %d after", before, after)
				}
			})
		}
	}
	if kept := s.names(); len(kept) != 1 {
		t.Errorf("the store has %q", kept)
	}
}

// TestEndsEarly: a peer that has nothing to say is no error, and neither is one that has had enough.
func TestEndsEarly(t *testing.T) {
	s := newShelf(t, named(t, "web", listener(t, "tcp4", "127.0.0.1")))
	for _, protocol := range []string{"haproxy", "s6-fdholder", "multibinder"} {
		if data, list, err := answered(t, protocol, s, nil); len(data) > 0 || len(list) > 0 || err != nil {
			t.Errorf("%s: got %q %v %v", protocol, data, list, err)
		}
	}
}

func TestStoreFails(t *testing.T) {
	s := newShelf(t)
	s.fail = errors.New("no luck")
	for protocol, say := range map[string][]part{"haproxy": {{haproxyCommand, 0}}, "zerg": nil} {
		if _, _, err := answered(t, protocol, s, nil, say...); !errors.Is(err, s.fail) {
			t.Errorf("%s: got %v", protocol, err)
		}
	}
}

// TestSilence: every wait ends, by time and by the context, and is told apart.
func TestSilence(t *testing.T) {
	web := named(t, "web", listener(t, "tcp4", "127.0.0.1"))
	s := newShelf(t, web)
	short, long := pace{time.Millisecond, time.Hour, time.Hour}, pace{time.Hour, time.Millisecond, time.Hour}
	for name, c := range map[string]struct {
		protocol string
		pace     pace
		say      string
		want     error
	}{
		"no command":         {"haproxy", short, "", os.ErrDeadlineExceeded},
		"half a command":     {"haproxy", long, "_get", os.ErrDeadlineExceeded},
		"no acknowledgement": {"haproxy", short, haproxyCommand, os.ErrDeadlineExceeded},
		"no request":         {"s6-fdholder", short, "", os.ErrDeadlineExceeded},
		"half a request":     {"s6-fdholder", long, retrieved("web")[:9], os.ErrDeadlineExceeded},
		"no call":            {"multibinder", short, "", os.ErrDeadlineExceeded},
		"half a call":        {"multibinder", long, `{"met`, os.ErrDeadlineExceeded},
		"for life":           {"s6-fdholder", pace{time.Hour, time.Hour, time.Millisecond}, "", errLife},
	} {
		t.Run(name, func(t *testing.T) {
			client, server := pair(t)
			if c.say != "" {
				part{c.say, 0}.send(t, client, nil)
			}
			wantErr(t, serve(context.Background(), server, c.protocol, s, c.pace), c.want)
			if _, err := io.ReadAll(client); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("the connection is %v", err)
			}
		})
	}
}

func TestContextEnds(t *testing.T) {
	for _, protocol := range []string{"haproxy", "s6-fdholder", "multibinder"} {
		_, server := pair(t)
		ctx, cancel := context.WithCancelCause(context.Background())
		done := make(chan error, 1)
		go func() { done <- Serve(ctx, server, protocol, newShelf(t)) }()
		cancel(os.ErrProcessDone)
		wantErr(t, <-done, os.ErrProcessDone)
	}
}

func TestProtocols(t *testing.T) {
	for _, protocol := range Protocols() {
		if dialogueOf(protocol) == nil {
			t.Errorf("%s is not known", protocol)
		}
	}
	client, server := pair(t)
	if err := Serve(context.Background(), server, "gopher", newShelf(t)); err == nil || !strings.Contains(err.Error(), "gopher") {
		t.Errorf("got %v", err)
	}
	if _, err := client.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the connection is %v", err)
	}
}

// TestFDHolderPipelined: requests that were written at once are answered in order.
func TestFDHolderPipelined(t *testing.T) {
	web := named(t, "web", listener(t, "tcp4", "127.0.0.1"))
	data, list, err := answered(t, "s6-fdholder", newShelf(t, web), web.Descriptor,
		part{retrieved("web") + deleted("none") + retrieved("web"), 0}, part{stored("app.x"), 1}, part{retrieved("app.x"), 0})
	if err != nil {
		t.Fatal(err)
	}
	want := string(encodeFrame([]byte{0}, 1)) + string(encodeFrame([]byte{answerENOENT}, 0)) + string(encodeFrame([]byte{0}, 1)) +
		string(encodeFrame([]byte{0}, 0)) + string(encodeFrame([]byte{0}, 1))
	if string(data) != want || len(list) != 3 {
		t.Errorf("got %q with %d descriptors", data, len(list))
	}
}

func TestManyRequests(t *testing.T) {
	request := strings.Repeat(deleted("x"), maxRequests+1)
	client, server := pair(t)
	done := make(chan error, 1)
	go func() { done <- Serve(context.Background(), server, "s6-fdholder", newShelf(t)) }()
	go func() { _, _ = client.Write([]byte(request)) }()
	_, _ = io.Copy(io.Discard, client)
	wantErr(t, <-done, errProtocol)
}
