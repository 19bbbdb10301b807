package registry

import (
	"bytes"
	"encoding/json"
	goflag "flag" // the package has a flag of its own
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

var update = goflag.Bool("update", false, "write the golden files anew")

// full is a ledger in which everything is said.
func full() *ledger {
	spec := fdpass.Spec{Name: "web", Address: fdpass.Address{Network: "tcp", Host: "127.0.0.1"}, Backlog: 128, UID: -1, GID: -1}
	next := spec
	next.Backlog = 256
	app := func(n int) User { return User{"app", n} }
	return &ledger{
		Version: 1, Next: 9, Promotions: 4, Promoted: []rank{{app(1), 2}, {app(2), 4}}, Drop: []string{"listener/3"},
		Mirrored: []string{"web"}, Untold: true, extra: extra{"colour": json.RawMessage(`"blue"`)},
		Listeners: []entry{{
			Key: "listener/7", Name: "web", Configured: true, Sharing: "all", Change: &next, Held: true, Backlog: 128, Given: "given/0",
			Socket: fdpass.Identity{Spec: spec, Address: fdpass.Address{Network: "tcp", Host: "127.0.0.1", Port: 8080}, Made: true, Warnings: []string{"cut"}},
			Flag:   flagEntry{Start: true, Want: true, Decider: app(1), Wishes: []wish{{app(2), false}}}, Outdated: []User{app(1)},
			extra: extra{"steering": json.RawMessage(`{"program":[1,2]}`)},
		}, {
			Key: "listener/8", Name: "new", Sharing: "all", Backlog: -1, Socket: fdpass.Identity{Spec: spec},
		}},
	}
}

// The form is a contract between versions: what is in the file must be read for ever.
func TestLedgerGolden(t *testing.T) {
	text, err := full().write()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "\t"); err != nil {
		t.Fatal(err)
	}
	const path = "testdata/ledger.json"
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, b.Bytes()) {
		t.Errorf("%s differs (-update writes it):\n%s", path, b.Bytes())
	}
	back, err := readLedger(want)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.write()
	if err != nil || !bytes.Equal(again, text) {
		t.Errorf("it is read as %s: %v", again, err)
	}
}

// golden with one text replaced by another.
func altered(t *testing.T, old, new string) []byte {
	t.Helper()
	text, err := full().write()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("there is no %s in %s", old, text)
	}
	return []byte(strings.Replace(string(text), old, new, 1))
}

func TestLedgerRefuses(t *testing.T) {
	cases := []struct{ old, new, want string }{
		{`"version":1`, `"version":3`, "its version is 3, this program knows 2 (use the program that wrote it, or a newer one)"},
		{`"version":1`, `"Version":1`, "its version is 0"},
		{`"version":1`, `"version":"1"`, `"version": `},
		{`"version":1`, `"version":1,"version":1`, `"version" is there twice`},
		{`"next":9`, `"next":0`, "a counter is below its first value"},
		{`"next":9`, `"next":7`, `"listener/7" is no key of a listener`},
		{`"promotions":4`, `"promotions":-1`, "a counter is below its first value"},
		{`"promotions":4`, `"promotions":3`, `the rank of generation 2 of service "app" is wrong`},
		{`"rank":2`, `"rank":4`, `the rank of generation 2 of service "app" is wrong`},
		{`"key":"listener/7"`, `"key":"listener/07"`, `"listener/07" is no key of a listener`},
		{`"key":"listener/7"`, `"key":"given/7"`, `"given/7" is no key of a listener`},
		{`"key":"listener/7"`, `"key":"listener/-1"`, `"listener/-1" is no key of a listener`},
		{`"key":"listener/7"`, `"key":"listener/8"`, `listener "new" (listener/8) is there twice`},
		{`"name":"new"`, `"name":"web"`, ""},
		{`"name":"new","configured":false`, `"name":"web","configured":true`, `listener "web" (listener/8) is there twice`},
		{`"name":"web","configured"`, `"name":"","configured"`, "listener/7 has no name or no address"},
		{`"name":"web","configured"`, `"configured"`, "listener/7 has no name or no address"},
		{`"backlog":-1`, `"backlog":-2`, "the backlog of listener/8 is -2"},
		{`"held":true`, `"held":1`, `"held": `},
	}
	for _, c := range cases {
		_, err := readLedger(altered(t, c.old, c.new))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.new, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "cannot read the saved state of listeners: ") || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %s", c.new, err, c.want)
		}
	}
	for _, text := range []string{"", "null", "[]", "{", `{"version":1`, `{"version":1,"next":1}{}`, `{"version":1,"next":1} x`, `{1:2}`, `{"version"}`} {
		if err := CheckState([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	if err := CheckState([]byte(` {"version":1,"next":1} `)); err != nil {
		t.Error(err)
	}
}

// What a newer version wrote beside what this one knows is still there after this one has gone on from it and saved.
func TestLedgerPassesOnWhatItDoesNotKnow(t *testing.T) {
	r, _, v := kept(t)
	web := listener(t, "web", "tcp://127.0.0.1:0")
	apply(t, r, web)
	r.Abandon()
	text := strings.Replace(v.texts[StateName], `{"version":1`, `{"colour":{"a":[1, 2]},"version":1`, 1)
	v.texts[StateName] = strings.Replace(text, `{"key":`, `{"steering":null,"key":`, 1)
	next, _ := open(t, Options{Vault: v, Before: v.before(t)})
	apply(t, next, web, listener(t, "u", "udp://127.0.0.1:0"))
	l := ledgerOf(t, v)
	if d := cmp.Diff(extra{"colour": json.RawMessage(`{"a":[1,2]}`)}, l.extra); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]extra{{"steering": json.RawMessage(`null`)}, nil}, []extra{l.Listeners[0].extra, l.Listeners[1].extra}); d != "" {
		t.Error(d)
	}
}

// Whatever is read is written as the same again, and is read again.
func FuzzLedger(f *testing.F) {
	golden, err := os.ReadFile("testdata/ledger.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(golden)
	f.Add([]byte(`{"version":1,"next":1,"x":{"y":"\u00e4"},"listeners":[]}`))
	f.Add([]byte(`{"version":1,"next":2,"listeners":[{"key":"listener/1","name":"a","socket":{"spec":{"address":{"network":"udp"}}}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := readLedger(text)
		if err != nil {
			return
		}
		once, err := l.write()
		if err != nil {
			t.Fatal(err)
		}
		l, err = readLedger(once)
		if err != nil {
			t.Fatalf("cannot read %s: %v", once, err)
		}
		if twice, err := l.write(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s\nbecame\n%s: %v", once, twice, err)
		}
	})
}
