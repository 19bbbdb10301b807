//go:build unix

package control

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor"
)

// withSocket gives a server that has one listener, and that.
func withSocket(t *testing.T) (*Client, net.Listener) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := fdpass.FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(d.Close(), l.Close()) })
	c, _ := serve(t, &fake{sockets: []fdpass.Named{{Name: "web", Descriptor: d}}})
	return c, l
}

func TestDescriptors(t *testing.T) {
	c, l := withSocket(t)
	list, err := fdpass.Request(t.Context(), c.Path(), "web")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Name != "web" {
		t.Fatalf("got %v", list)
	}
	defer list[0].Descriptor.Close()
	at, err := fdpass.AddressOf(list[0].Descriptor)
	if err != nil || at.String() != "tcp4://"+l.Addr().String() {
		t.Errorf("it is at %v, %v, not at %v", at, err, l.Addr())
	}
}

func TestDescriptorsUnknown(t *testing.T) {
	c, _ := withSocket(t)
	_, err := fdpass.Request(t.Context(), c.Path(), "web", "nope")
	if err == nil || !strings.Contains(err.Error(), `there is no listener "nope"; there are: web`) {
		t.Error(err)
	}
	if _, err = fdpass.Request(t.Context(), c.Path()); err == nil || !strings.Contains(err.Error(), "say which listeners") {
		t.Error(err)
	}
}

// Whoever asks as for anything else is told how.
func TestDescriptorsWithoutUpgrade(t *testing.T) {
	c, _ := withSocket(t)
	r, err := c.http.Get("http://supervise/v1/descriptors?name=web")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusUpgradeRequired || r.Header.Get("Upgrade") != descriptorsProtocol || !strings.Contains(string(text), "ask with Upgrade") {
		t.Errorf("%s: %s", r.Status, text)
	}
}

// A connection that was switched over gives its place back.
func TestDescriptorsManyTimes(t *testing.T) {
	c, _ := withSocket(t)
	for range maxClients + 10 {
		list, err := fdpass.Request(t.Context(), c.Path(), "web")
		if err != nil {
			t.Fatal(err)
		}
		_ = list[0].Descriptor.Close()
	}
}

func TestTake(t *testing.T) {
	f := &fake{changes: config.Changes{Control: true}}
	c, _ := serve(t, f)
	var told []string
	changes, err := c.Take(t.Context(), map[string]string{"web": "pid:1234"}, func(e supervisor.Event) { told = append(told, e.Kind) })
	if err != nil || len(changes) != 1 || strings.Join(told, " ") != supervisor.KindListenerTaken {
		t.Errorf("got %q, %q, %v", changes, told, err)
	}
	if got := strings.Join(f.called(), "; "); got != "take web from pid:1234" {
		t.Errorf("called %q", got)
	}
	for text, want := range map[string]string{"pid:x": "cannot take listener", "nowhere": "it does not say from what"} {
		_, err := c.Take(context.Background(), map[string]string{"web": text}, nil)
		var failed *Error
		if !errors.As(err, &failed) || failed.Status != http.StatusBadRequest || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
