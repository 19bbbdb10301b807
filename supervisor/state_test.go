package supervisor

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/registry"
)

// fullState has a value in every field, two of each list, and a field of a newer version in every object.
func fullState(t *testing.T) string {
	t.Helper()
	return `{"version":1,"name":"app","settings":{"source":"config/1","workers":2},"asked":true,"was_up":true,"halting":true,"leaving":true,
"number":3,"serial":9,"crashes":4,"reason":"r","refused":"k","refused_of":"config/1","current":2,"former":[1,3],"generations":[
{"number":2,"source":"config/1","leases":[{"name":"web","key":"listener/1"}],"promoted":true,"prepared":true,"stopping":true,"parked":true,"closed":true,
"stop_hook":2,"hook":{"name":"before_stop","id":"hook/app/2/before_stop/8","allowed":1000,"until":"2026-01-02T03:04:05Z","late":"l","unasked":true},
"boot":{"index":0,"failures":2,"retry_at":"2026-01-02T03:04:05Z"},
"slots":[{"index":0,"failures":1,"retry_at":"2026-01-02T03:04:05Z","last_exit":"e","finished":true,"retired":true,"ailing":true,"newer":[1],
"worker":{"id":"worker/app/2/0/7","phase":"ready","launched":true,"pid":12,"started_at":"2026-01-02T03:04:05Z","launched_at":"2026-01-02T03:04:05Z",
"ready_at":"2026-01-02T03:04:05Z","signalled":true,"baked":true,"stopping":true,"status":"s","stopped":true,"failure":"f","deadline_at":"2026-01-02T03:04:05Z","drain_until":"2026-01-02T03:04:05Z","watchdog":5,"healthy_at":"2026-01-02T03:04:06Z","shown":true,"adopted":[{"listener":"web","mode":"own"}],"listened_at":"2026-01-02T03:04:07Z",
"strange":["tcp4://0.0.0.0:81"],"past":"p","newer":"w"}}],
"newer":{"a":1}},
{"number":3,"source":"config/1"},{"number":1,"source":"config/1"},{"number":4,"source":"config/1"}],
"rollout":{"from":2,"to":3,"step":"drain","started_at":"2026-01-02T03:04:05Z","announced":true,"hooking":true,
"failed":{"Service":"app","Generation":3,"Reason":"r","Output":["o"],"Kept":2},"before":{"source":"config/1","workers":1},
"canary":{"share":0.05,"for":1000},"share":0.05,"until":"2026-01-02T03:04:05Z","final":true,"newer":true},
"reserve":{"generation":4,"settings":{"source":"config/1","workers":1},"keep":1000,"until":"2026-01-02T03:04:05Z","newer":1},
"queue":[{"kind":"restart","source":"config/1","workers":3,"running":true,"canary":{"share":0.05,"for":1000},"newer":null}],
"stored":[{"number":7,"name":"cache","unpolled":true,"newer":1}],"stored_last":9,"newest":"n"}`
}

func normal(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

// TestStateKeepsUnknownFields checks that what a newer version has saved comes through this one.
func TestStateKeepsUnknownFields(t *testing.T) {
	text := fullState(t)
	st, err := readService("app", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(normal(t, []byte(text)), normal(t, again)); d != "" {
		t.Error(d)
	}
	var m managerState
	manager := `{"version":1,"started_at":"2026-01-02T03:04:05Z","base":"config/1","listeners":[{"name":"a","source":"b"}],"newer":[1,2]}`
	if err := json.Unmarshal([]byte(manager), &m); err != nil {
		t.Fatal(err)
	}
	if again, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(normal(t, []byte(manager)), normal(t, again)); d != "" {
		t.Error(d)
	}
}

// TestStateIsFull keeps fullState complete: a field that is added has to be in it, and so in the test above.
func TestStateIsFull(t *testing.T) {
	st, err := readService("app", []byte(fullState(t)))
	if err != nil {
		t.Fatal(err)
	}
	g := st.Generations[0]
	for _, v := range []any{st, g, *g.Hook, g.Slots[0], *g.Slots[0].Worker, *st.Rollout, st.Rollout.Canary, *st.Reserve, st.Queue[0], st.Stored[0], st.Settings, st.Rollout.Before} {
		value := reflect.ValueOf(v)
		for _, f := range reflect.VisibleFields(value.Type()) {
			if value.FieldByIndex(f.Index).IsZero() && f.Name != "Index" {
				t.Errorf("%s.%s is not in the test", value.Type(), f.Name)
			}
		}
	}
}

// TestStateRestoredIsTheSame checks that a service made of a state saves that very state again.
func TestStateRestoredIsTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lib, text := newShelf(), fullState(t)
		cfg := parse(t, `workers = 2`)
		text = strings.ReplaceAll(text, "config/1", lib.name(cfg.Source))
		lib.load(lib.vault.(*shelf).all())
		st, err := readService("app", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		s, err := restored(st, &fakeRunner{}, noSockets{}, lib, func(Event) {})
		if err != nil {
			t.Fatal(err)
		}
		got := s.snapshot()
		// Leases are taken back by the registry, and what waits for a time is armed, only when the service is resumed.
		st.Generations[0].Leases = nil
		st.Generations[0].Boot.RetryAt, st.Generations[0].Slots[0].RetryAt = time.Time{}, time.Time{}
		st.Generations[0].Slots[0].Worker.DeadlineAt = time.Time{}
		if d := cmp.Diff(st, got); d != "" {
			t.Error(d)
		}
	})
}

func TestStateErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{``, `cannot read the state of service "app"`},
		{`[]`, `cannot read the state of service "app"`},
		{`{"version":2,"name":"app"}`, `it has version 2`},
		{`{"name":"app"}`, `it has version 0`},
		{`{"version":1,"name":"other"}`, `it is of service "other"`},
		{`{"version":1,"name":"app","generations":[{"number":"one"}]}`, `cannot read the state of service "app"`},
	}
	for _, tt := range tests {
		if _, err := readService("app", []byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.text, err)
		}
	}
}

// TestStateNotRestored checks states that can be read and make no sense.
func TestStateNotRestored(t *testing.T) {
	lib := newShelf()
	source := lib.name(parse(t, ``).Source)
	lib.load(lib.vault.(*shelf).all())
	head := `{"version":1,"name":"app","settings":{"source":"` + source + `"}`
	tests := []struct{ text, want string }{
		{`{"version":1,"name":"app"}`, `its configuration "" is missing`},
		{head + `,"current":7}`, `its generation 7 is missing`},
		{head + `,"former":[7]}`, `its generation 7 is missing`},
		{head + `,"rollout":{"to":7,"before":{"source":"` + source + `"}}}`, `its generation 7 is missing`},
		{head + `,"rollout":{"to":7}}`, `its configuration "" is missing`},
		{head + `,"reserve":{"generation":7}}`, `its generation 7 is missing`},
		{head + `,"reserve":{"generation":1},"generations":[{"number":1,"source":"` + source + `"}]}`, `its configuration "" is missing`},
		{head + `,"queue":[{"kind":"dance"}]}`, `there is no operation "dance"`},
		{head + `,"generations":[{"number":1}]}`, `its configuration "" is missing`},
		{head + `,"generations":[{"number":1,"source":"` + source + `","slots":[{"worker":{"phase":"flying"}}]}]}`, `phase "flying"`},
		{head + `,"generations":[{"number":1,"source":"` + source + `","slots":[{"worker":{"phase":"gone"}}]}]}`, `phase "gone"`},
	}
	for _, tt := range tests {
		st, err := readService("app", []byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if _, err := restored(st, &fakeRunner{}, noSockets{}, lib, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.text, err)
		}
	}
}

// FuzzState reads anything as the saved state of a service, and restores and resumes what can be read.
func FuzzState(f *testing.F) {
	lib := newShelf()
	cfg, err := testConfig()
	if err != nil {
		f.Fatal(err)
	}
	source := lib.name(cfg.Source)
	lib.load(lib.vault.(*shelf).all())
	f.Add([]byte(`{"version":1,"name":"app","settings":{"source":"` + source + `","workers":1},"number":1,"current":1,"generations":[{"number":1,"source":"` +
		source + `","promoted":true,"prepared":true,"slots":[{"index":0,"worker":{"id":"worker/app/1/0/1","phase":"ready","launched":true,"pid":7}}]}]}`))
	f.Add([]byte(`{"version":1,"name":"app","settings":{"source":"` + source + `"},"rollout":{"from":1,"to":2,"before":{"source":"` + source +
		`"}},"generations":[{"number":2,"source":"` + source + `"}],"former":[2]}`))
	f.Add([]byte(`{"version":1,"name":"app","settings":{"source":"` + source + `"},"number":2,"current":1,"reserve":{"generation":2,"settings":{"source":"` + source +
		`"},"keep":9},"generations":[{"number":1,"source":"` + source + `"},{"number":2,"source":"` + source + `","stopping":true}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		st, err := readService("app", text)
		if err != nil {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			runner := &fakeRunner{hooks: map[string]error{}}
			s, err := restored(st, runner, noSockets{}, lib, func(Event) {})
			if err != nil {
				return
			}
			s.reacquire()
			s.post(s.resume)
			go s.loop()
			synctest.Wait()
			reply := make(chan error, 1)
			s.post(func() { s.leave(reply) })
			time.Sleep(time.Second)
			s.post(s.killAll)
			time.Sleep(time.Hour)
			close(s.quit)
			<-s.done
		})
	})
}

// FuzzExamine reads anything as what a manager has left.
func FuzzExamine(f *testing.F) {
	f.Add([]byte(`{"version":1,"base":"config/1"}`), []byte(`{"version":1}`), []byte(`{"cpus":1}`), []byte(`{"version":1}`))
	f.Fuzz(func(_ *testing.T, manager, service, source, listeners []byte) {
		_, _ = Examine(map[string][]byte{managerName: manager, stateName("app"): service, "config/1": source, registry.StateName: listeners}, nil)
	})
}

// TestRebuilt goes on without a state: the newest generation serves, what is older finishes.
func TestRebuilt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := parse(t, `workers = 2`)
		var left []keeper.Process
		runner := always(manners{})
		names := []string{"worker/app/4/0/11", "worker/app/5/0/12", "worker/app/5/3/15", "hook/app/5/before_stop/16", "worker/other/9/0/1", "check/app/5/0/1", "junk"}
		for i, name := range names {
			p := &fakeProcess{runner: runner, spec: spec{id: name}, pid: 1000 + i, tell: func(happening) {}}
			left = append(left, keeper.Process{ID: keeper.ID(i), Name: name, PID: 1000 + i, StartedAt: time.Now()})
			runner.all = append(runner.all, p)
		}
		b := &bench{t: t, runner: runner}
		b.s = rebuilt(cfg.Services[0], cfg, left, runner, noSockets{}, newShelf(), b.record)
		b.s.reacquire()
		b.s.post(b.s.resume)
		go b.s.loop()
		time.Sleep(time.Minute)
		st := b.status()
		if st.State != "running" || st.Generation != 5 || len(st.Workers) != 4 {
			t.Errorf("status %+v", st)
		}
		for i, want := range []int{1, 0, 0} { // how often each was asked to stop
			if got := len(runner.process(i).got()); got != want {
				t.Errorf("%s got %d signals, want %d", names[i], got, want)
			}
		}
		if runner.started() != len(names)+2 { // those of indexes 1 and 2
			t.Errorf("%d started", runner.started()-len(names))
		}
		if b.s.serial < 18 {
			t.Errorf("serial %d: an id would be used twice", b.s.serial)
		}
		close(b.s.quit)
		<-b.s.done
	})
}

// TestTidy removes what was there for workers that are gone, and nothing else.
func TestTidy(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".supervise", "app.1.0.notify", "app.2.0.notify", "wdeadbeef.notify"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"app.1.0", "app.2.0"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "sub"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	h := &host{runtimeDir: dir}
	h.tidy([]keeper.Process{{Name: "worker/app/2/0/5"}, {Name: "hook/app/1/before_start/6"}})
	var left []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if d := cmp.Diff([]string{".supervise", "app.2.0", "app.2.0.notify"}, left); d != "" {
		t.Error(d)
	}
}
