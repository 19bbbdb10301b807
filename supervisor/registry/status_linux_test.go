package registry

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
)

func TestStatus(t *testing.T) {
	r, _ := open(t, Options{})
	p := path(t)
	apply(t, r,
		listener(t, "web", "unix://"+p, backlog(50)),
		listener(t, "all", "tcp://127.0.0.1:0"),
		listener(t, "udp", "udp://127.0.0.1:0"))
	acquire(t, r, "b", 1, "web")
	acquire(t, r, "a", 1, "web", "web")
	acquire(t, r, "a", 2, "web")
	connects(address(t, "unix://"+p))
	got := r.Status()
	for i := range got {
		if got[i].Address.Port != 0 {
			got[i].Address.Port = 1
		}
	}
	most := fdpass.SystemMaxBacklog()
	want := []Listener{
		{Name: "web", Address: address(t, "unix://"+p), Sharing: "all", Backlog: Backlog{50, 50}, Queue: 1, Services: []string{"a", "b"}},
		{Name: "all", Address: address(t, "tcp://127.0.0.1:1"), Sharing: "all", Backlog: Backlog{most, most}},
		{Name: "udp", Address: address(t, "udp://127.0.0.1:1"), Sharing: "all", Queue: -1},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestHold(t *testing.T) {
	r, _ := open(t, Options{})
	web := listener(t, "web", "tcp://127.0.0.1:0")
	apply(t, r, web, listener(t, "u", "unix://"+path(t)))
	if err := r.Hold("web"); err != nil {
		t.Fatal(err)
	}
	apply(t, r, web, listener(t, "d", "udp://127.0.0.1:0"))
	if !r.Status()[0].Paused {
		t.Error("it is not held any more after a reload")
	}
	if err := r.Release("web"); err != nil {
		t.Fatal(err)
	}
	if r.Status()[0].Paused || !connects(socket(t, r, "web").Address()) {
		t.Error("it is still held")
	}
	for name, want := range map[string]string{
		"nope": `cannot hold listener "nope": there is no listener "nope"`,
		"d":    fmt.Sprintf(`cannot hold listener "d" at %s: only plain TCP clients`, socket(t, r, "d").Address()),
	} {
		err := r.Hold(name)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
		if failed := (*fdpass.OpenError)(nil); errors.As(err, &failed) {
			t.Errorf("%v is an error of opening, which has an exit code of its own", err)
		}
	}
}

// The kernel cuts a backlog silently; it is said once, and again only when it is another one.
func TestBacklogWarning(t *testing.T) {
	r, rec := open(t, Options{})
	most := fdpass.SystemMaxBacklog()
	for _, c := range []struct{ backlog, lines int }{{most + 1, 1}, {most + 1, 1}, {most + 2, 2}, {most, 2}, {most + 2, 3}} {
		apply(t, r, listener(t, "web", "tcp://127.0.0.1:0", backlog(c.backlog)))
		if n := len(rec.find("listener is not quite as configured")); n != c.lines {
			t.Errorf("backlog %d: %d lines, want %d", c.backlog, n, c.lines)
		}
	}
	l := r.Status()[0]
	if l.Backlog != (Backlog{most + 2, most}) {
		t.Errorf("status shows %+v", l.Backlog)
	}
	line := rec.find("listener is not quite as configured")[0]
	if text, _ := line["warning"].(string); line["listener"] != "web" || !strings.Contains(text, "somaxconn") {
		t.Errorf("the line is %v", line)
	}
}

func TestThousandListeners(t *testing.T) {
	before := descriptors(t)
	r, rec := open(t, Options{})
	dir := t.TempDir()
	list := func(n int) []*config.Listener {
		var all []*config.Listener
		for i := range n {
			at := "tcp://127.0.0.1:0"
			if i%2 == 1 {
				at = "unix://" + filepath.Join(dir, fmt.Sprint(i))
			}
			all = append(all, listener(t, fmt.Sprint("l", i), at))
		}
		return all
	}
	apply(t, r, list(1000)...)
	first := socket(t, r, "l0").Address()
	apply(t, r, list(1000)...)
	if n := len(r.Status()); n != 1000 {
		t.Errorf("status shows %d", n)
	}
	if n := len(rec.find("listener open")); n != 1000 {
		t.Errorf("%d were opened, want each once", n)
	}
	apply(t, r, list(1)...)
	if n := len(rec.find("listener closed")); n != 999 || !connects(first) {
		t.Errorf("%d were closed, want all but the first, which has to accept", n)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if now := descriptors(t); now != before {
		t.Errorf("%d descriptors are open, before %d", now, before)
	}
}

// Reloads and generations leave no descriptor behind.
func TestDescriptorsDoNotGrow(t *testing.T) {
	r, _ := open(t, Options{})
	p := path(t)
	round := func(n int) {
		apply(t, r, listener(t, "web", "unix://"+p, backlog(10+n)), listener(t, fmt.Sprint("x", n), "tcp://127.0.0.1:0"))
		l := acquire(t, r, "app", n, "web")[0]
		for _, k := range []string{Started, Ready, Promoted, Draining, Gone} {
			r.WorkerEvent(WorkerEvent{Service: "app", Generation: n, PID: n, Names: []string{"web"}, Kind: k})
		}
		l.Release()
	}
	round(0)
	before := descriptors(t)
	for n := range 200 {
		round(n)
	}
	if now := descriptors(t); now != before {
		t.Errorf("%d descriptors, before %d", now, before)
	}
}

func BenchmarkStatus1000(b *testing.B) {
	dir := b.TempDir()
	for _, network := range []string{"tcp", "unix"} {
		b.Run(network, func(b *testing.B) {
			r := openMany(b, 1000, func(i int) config.Address {
				if network == "unix" {
					return config.Address{Network: "unix", Path: filepath.Join(dir, fmt.Sprint(i))}
				}
				return config.Address{Network: "tcp", Host: "127.0.0.1"}
			})
			for b.Loop() {
				r.Status()
			}
			_ = r.Close()
		})
	}
}

func openMany(b *testing.B, n int, address func(int) config.Address) *Registry {
	b.Helper()
	r, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	var list []*config.Listener
	for i := range n {
		list = append(list, &config.Listener{Name: fmt.Sprint(i), Address: address(i), Sharing: "all"})
	}
	c, err := r.Prepare(list)
	if err == nil {
		err = c.Commit()
	}
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkOpenClose10000 opens and closes 10,000 listeners, one kind after the other: a unix one makes files.
func BenchmarkOpenClose10000(b *testing.B) {
	for _, network := range []string{"tcp", "unix"} {
		b.Run(network, func(b *testing.B) {
			dir := b.TempDir()
			for b.Loop() {
				r := openMany(b, 10000, func(i int) config.Address {
					if network == "unix" {
						return config.Address{Network: "unix", Path: filepath.Join(dir, fmt.Sprint(i))}
					}
					return config.Address{Network: "tcp", Host: fmt.Sprintf("127.0.%d.1", i/1000)}
				})
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWorkerEvents is the life of one more worker beside a thousand that hold the same listener.
func BenchmarkWorkerEvents(b *testing.B) {
	r := openMany(b, 1, func(int) config.Address { return config.Address{Network: "tcp", Host: "127.0.0.1"} })
	defer r.Close()
	tell := func(worker int, kinds ...string) {
		for _, k := range kinds {
			r.WorkerEvent(WorkerEvent{Service: "app", Generation: 1, Worker: worker, PID: worker, Names: []string{"0"}, Kind: k})
		}
	}
	for i := range 1000 {
		tell(i, Started, Ready, Promoted)
	}
	for b.Loop() {
		tell(1000, Started, Ready, Promoted, Draining, Gone)
	}
}
