package dialect

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadyChannel(t *testing.T) {
	for _, c := range []struct {
		when string
		kind ChannelKind
		env  []string
		says map[string]bool
	}{
		{"newline", PipeOut, []string{"READY_FD=5"}, map[string]bool{"": false, "up": false, "up\n": true, "\n": true}},
		{"crank", Datagram, []string{"NOTIFY_FD=5"}, map[string]bool{
			"": false, "READY=1": true, "READY=1\n": true, "STATUS=x\nREADY=1": true, "READY=10": false, "XREADY=1": false, "STATUS=READY=1": false}},
		{"uwsgi", Stream, []string{"UWSGI_EMPEROR_FD=5"}, map[string]bool{"": false, "\x11": false, "\x11\x1a": false, "\x05": true, "\x11\x05": true}},
		{"pm2", Stream, []string{"NODE_CHANNEL_FD=5", "NODE_CHANNEL_SERIALIZATION_MODE=json"}, map[string]bool{
			"": false, `"ready"`: false, "\"ready\"\n": true, "{\"a\":1}\n\"ready\"\n": true, "ready\n": false, "{\"m\":\"ready\"}\n": false, "\"rea": false}},
	} {
		ch, env, ok := ReadyChannel(c.when, 5, Input{})
		if !ok || ch.FD != 5 || ch.Kind != c.kind {
			t.Errorf("%s: channel %+v, %v", c.when, ch, ok)
		}
		if diff := cmp.Diff(c.env, env); diff != "" {
			t.Errorf("%s: environment (-want +got):\n%s", c.when, diff)
		}
		for said, want := range c.says {
			if got := ch.Said([]byte(said)); got != want {
				t.Errorf("%s: %q says ready: %v, want %v", c.when, said, got, want)
			}
		}
		for _, key := range keysOf(env) {
			if !OwnsReady(key) || Owns(key) {
				t.Errorf("%s: OwnsReady(%s) = %v, Owns = %v", c.when, key, OwnsReady(key), Owns(key))
			}
		}
	}
	for _, when := range []string{"", "auto", "notify", "upstart", "http"} {
		if _, env, ok := ReadyChannel(when, 5, Input{}); ok || env != nil {
			t.Errorf("%q has a channel", when)
		}
	}
	if OwnsReady("PATH") || OwnsReady("NODE") || OwnsReady("") {
		t.Error("something is owned that is not")
	}
}

func TestChannelKind(t *testing.T) {
	var names []string
	for k := PipeOut; k <= Content+1; k++ {
		names = append(names, k.String())
	}
	if got := strings.Join(names, " "); got != "pipe stream datagram content unknown" {
		t.Errorf("kinds %q", got)
	}
}

// FuzzSaid looks for what must hold of any bytes: no panic, and once ready, ready with more behind it (streams only).
func FuzzSaid(f *testing.F) {
	f.Add([]byte("READY=1\n"), []byte("x"))
	f.Add([]byte("\"ready\"\n"), []byte{5})
	f.Add([]byte{17, 26, 5}, []byte("\n"))
	f.Fuzz(func(t *testing.T, first, more []byte) {
		for _, r := range readyChannels() {
			before, after := r.said(first), r.said(append(first[:len(first):len(first)], more...))
			if r.kind != Datagram && before && !after {
				t.Errorf("%s: ready after %q, not after %q more", r.when, first, more)
			}
		}
	})
}
