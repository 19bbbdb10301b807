package keeper

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

func TestProcExits(t *testing.T) {
	b := newBench(t)
	tests := map[string]Exit{
		"0": {}, "3": {Code: 3}, "255": {Code: 255}, "0x7fffffff": {Code: 0x7fffffff}, "0xc0000005": {Code: 0xc0000005},
		"0xe0000009": {Signal: syscall.SIGKILL},
	}
	for status, want := range tests {
		p, err := b.Spawn(helper(t, "exit", status))
		b.must(err)
		got := b.finish(p.ID)
		if got.At.Before(p.StartedAt) {
			t.Errorf("%s: ended before it started", status)
		}
		got.At = want.At
		if got != want {
			t.Errorf("%s: %s (%+v), want %s", status, got, got, want)
		}
	}
}

func TestProcStandardHandles(t *testing.T) {
	b := newBench(t)
	w := b.run(helper(t, "cat"))
	if got := w.rest(t); got != "ended <nil>\n" {
		t.Errorf("NUL gave %q", got)
	}
	b.finish(w.ID)

	in, write := b.stdin()
	r, stderr := b.pipe()
	s := helper(t, "write")
	s.Files = []File{{Number: 0, Descriptor: in}, {Number: 2, Descriptor: stderr}}
	w = b.run(s)
	b.must(errors.Join(in.Close(), stderr.Close(), write.Close()))
	if got := (running{w.Process, reader(r)}).rest(t); got != "to stderr\n" {
		t.Errorf("stderr has %q", got)
	}
	b.finish(w.ID)
}

func TestProcStdin(t *testing.T) {
	b := newBench(t)
	in, write := b.stdin()
	s := helper(t, "cat")
	s.Files = []File{{Number: 0, Descriptor: in}}
	w := b.run(s)
	b.must(in.Close())
	_, err := write.WriteString("hello\n")
	b.must(errors.Join(err, write.Close()))
	if got := w.rest(t); got != "hello\nended <nil>\n" {
		t.Errorf("got %q", got)
	}
	b.finish(w.ID)
}

// A worker has what it was given and nothing else, also when handles of others can be inherited at that moment.
func TestProcHandlesAreExact(t *testing.T) {
	b := newBench(t)
	_, held := b.pipe()
	b.must(b.Hold("log", held))
	_, given := b.pipe()
	_, other := b.pipe()
	b.must(inheritable(other))
	s := helper(t, "handles")
	s.Files = []File{{Number: 3, Held: "log"}, {Number: 4, Descriptor: given}, {Number: 4, Descriptor: given}}
	w := b.run(s)
	got := strings.Fields(w.rest(t))
	if want := fmt.Sprint(value(given)); !slices.Contains(got, want) || slices.Contains(got, fmt.Sprint(value(other))) {
		t.Errorf("the worker has pipes %v; given were %s and what is held, not %d", got, want, value(other))
	}
	if len(got) != 3 { // stdout, too
		t.Errorf("the worker has pipes %v", got)
	}
	b.finish(w.ID)
	b.must(errors.Join(held.Close(), given.Close(), other.Close()))
}

// What a worker inherits has the value that it has here, and no other process inherits it afterwards.
func TestProcHandleKeepsItsValue(t *testing.T) {
	b := newBench(t)
	r, d := b.pipe()
	s := helper(t, "write", fmt.Sprint(value(d)))
	s.Files = []File{{Number: 7, Descriptor: d}}
	w := b.run(s)
	if got := w.rest(t); got != "write: <nil>\n" {
		t.Errorf("the worker said %q", got)
	}
	b.finish(w.ID)
	if inherits(t, d) {
		t.Error("the handle can still be inherited")
	}
	b.must(d.Close())
	if got := (running{w.Process, reader(r)}).rest(t); got != "through\n" {
		t.Errorf("got %q", got)
	}
}

func TestProcEnvironment(t *testing.T) {
	b := newBench(t)
	s := helper(t, "env")
	s.Plan.ParentPID = []string{"PARENT"}
	s.Plan.Env = []string{`=C:=C:\windows`, "zeta=1", "Alpha=2", "ALPHA=3", proctree.Mark("outer"), "STOP_EVENT=outer", "umlaut=ä€😀", "EMPTY="}
	got := map[string]string{}
	for _, entry := range strings.Split(strings.TrimSpace(b.run(s).rest(t)), "\n") {
		name, value, _ := strings.Cut(entry, "=")
		got[name] = value
	}
	if root := got["SYSTEMROOT"] + got["SystemRoot"]; root != os.Getenv("SYSTEMROOT") {
		t.Errorf("SYSTEMROOT is %q", root)
	}
	if stop := got["STOP_EVENT"]; !strings.HasPrefix(stop, `Local\supervise-`) {
		t.Errorf("STOP_EVENT is %q", stop)
	}
	for name, want := range map[string]string{"zeta": "1", "ALPHA": "3", "umlaut": "ä€😀", "EMPTY": "", "PARENT": fmt.Sprint(os.Getpid())} {
		if value, ok := got[name]; !ok || value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	for _, name := range []string{"", "Alpha", "SUPERVISE_ID", "PATH"} {
		if value, ok := got[name]; ok {
			t.Errorf("the worker has %s=%s", name, value)
		}
	}
}

func TestProcDirectory(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	s := helper(t, "where")
	s.Plan.Directory = dir
	if got := b.run(s).line(t); !strings.EqualFold(got, dir+" <nil>") {
		t.Errorf("the worker is in %s, want %s", got, dir)
	}
}

func TestProcFailuresLeaveNothing(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	text := filepath.Join(dir, "text.exe")
	b.must(os.WriteFile(text, []byte("hello"), 0o755))
	id := uint32(1)
	tests := map[string]struct {
		plan stage.Plan
		want string
	}{
		"no such file": {stage.Plan{Command: []string{`.\app`}}, `cannot run ".\\app": no such file`},
		"no program":   {stage.Plan{Command: []string{text}}, `: it is no program that this machine can run`},
		"a folder":     {stage.Plan{Command: []string{dir}}, `: it is a directory`},
		"directory":    {stage.Plan{Command: []string{"cmd"}, Directory: `C:\no\such`}, `cannot enter directory "C:\\no\\such": no such directory`},
		"empty":        {stage.Plan{}, "cannot run a worker: its command is empty"},
		"user":         {stage.Plan{Command: []string{"cmd"}, UID: &id}, "cannot become user: not supported on windows"},
	}
	for name, tt := range tests {
		_, err := b.Spawn(Spawn{Plan: tt.plan})
		var f *stage.Failure
		if !errors.As(err, &f) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

func TestProcSpawnRefusesFiles(t *testing.T) {
	b := newBench(t)
	_, d := b.pipe()
	b.must(b.Hold("log", d))
	tests := map[string]struct {
		files []File
		want  string
	}{
		"nothing": {[]File{{Number: 3}}, "one of a held name and a descriptor must be given"},
		"both":    {[]File{{Number: 3, Held: "log", Descriptor: d}}, "one of a held name and a descriptor must be given"},
		"unknown": {[]File{{Number: 3, Held: "web"}}, `"web" is not held`},
		"twice":   {[]File{{Number: 1, Held: "log"}, {Number: 1, Descriptor: d}}, "1 is given twice"},
	}
	for name, tt := range tests {
		s := helper(t, "exit", "0")
		s.Files = tt.files
		if _, err := b.Spawn(s); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	b.must(d.Close())
	s := helper(t, "exit", "0")
	s.Files = []File{{Number: 3, Descriptor: d}}
	if _, err := b.Spawn(s); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed descriptor: got %v", err)
	}
}

// Many at once, all with the same socket or pipe, whose flag is set and cleared for each.
func TestProcSpawnAtOnce(t *testing.T) {
	b := newBench(t)
	const workers = 100 // more than one thread waits for
	_, shared := b.pipe()
	var all sync.WaitGroup
	ids := make([]ID, workers)
	for i := range workers {
		all.Go(func() {
			s := helper(t, "exit", fmt.Sprint(i))
			s.Files = []File{{Number: 3, Descriptor: shared}}
			p, err := b.Spawn(s)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = p.ID
			if exit, err := b.Wait(p.ID); err != nil || exit.Code != i {
				t.Errorf("worker %d %s, %v", i, exit, err)
			}
			if err := b.Forget(p.ID); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	slices.Sort(ids)
	if len(slices.Compact(ids)) != workers {
		t.Errorf("an id was given twice: %v", ids)
	}
	b.must(shared.Close())
}

func TestProcNothingLeaks(t *testing.T) {
	b := newBench(t)
	_, d := b.pipe()
	b.must(b.Hold("log", d))
	round := func(status string, l Limits) {
		s := helper(t, "exit", status)
		s.Files, s.Limits = []File{{Number: 5, Held: "log"}, {Number: 2, Descriptor: d}}, l
		if status == "" {
			s.Plan.Command = []string{`C:\no\such\app`}
		}
		p, err := b.Spawn(s)
		if (err == nil) != (status != "") {
			t.Fatalf("%q: %v", status, err)
		}
		if err == nil {
			b.finish(p.ID)
		}
	}
	round("0", Limits{Memory: 1 << 30})
	round("", Limits{})
	handles, routines := openHandles(t), runtime.NumGoroutine()
	for range 200 {
		round("1", Limits{Memory: 1 << 30})
		round("", Limits{})
	}
	for runtime.NumGoroutine() > routines { // those who wait end right after Forget
		runtime.Gosched()
	}
	if got := openHandles(t); got > handles+5 { // of threads that the runtime has started meanwhile
		t.Errorf("%d handles are open, %d were", got, handles)
	}
	b.must(d.Close())
}

// A hundred idle workers cost no thread each.
func TestProcIdleWorkersNeedNoThreads(t *testing.T) {
	b := newBench(t)
	_, err := b.Spawn(helper(t, "ready"))
	b.must(err)
	before := threads(t)
	for range 70 {
		_, err := b.Spawn(helper(t, "ready"))
		b.must(err)
	}
	if after := threads(t); after > before+10 {
		t.Errorf("70 workers made %d threads out of %d", after, before)
	}
}

func TestProcHeldOutlivesTheCaller(t *testing.T) {
	b := newBench(t)
	r, d := b.pipe()
	b.must(b.Hold("web", d))
	b.must(b.Hold("web", d))
	b.must(d.Close()) // ours; the keeper has its own
	if err := b.Hold("web", d); !errors.Is(err, os.ErrClosed) {
		t.Errorf("held a closed descriptor: %v", err)
	}
	i, err := b.Inventory()
	b.must(err)
	h := value(i.Descriptors[0].Descriptor)
	i.Close()
	s := helper(t, "write")
	s.Files = []File{{Number: 2, Held: "web"}}
	p, err := b.Spawn(s)
	b.must(err)
	b.finish(p.ID)
	b.must(b.Drop("web"))
	b.must(b.Drop("web"))
	if got := (running{p, reader(r)}).rest(t); got != "to stderr\n" {
		t.Errorf("through %d came %q", h, got)
	}
}

func TestSaveAndInventory(t *testing.T) {
	b := newBench(t)
	text := []byte("one")
	b.must(b.Save("state", text))
	text[0] = 'X' // the caller's own
	b.must(b.Save("empty", nil))
	i, err := b.Inventory()
	b.must(err)
	if string(i.Texts["state"]) != "one" || i.Texts["empty"] == nil || len(i.Texts) != 2 || len(i.Descriptors) != 0 {
		t.Errorf("kept are %q and %v", i.Texts, i.Descriptors)
	}
	var none *fdpass.Descriptor
	if i.Take("state") != none {
		t.Error("a text was taken for a descriptor")
	}
}

// A batch file gets its arguments as they are written, and its exit status is the worker's.
func TestProcBatch(t *testing.T) {
	b := newBench(t)
	dir := filepath.Join(t.TempDir(), "my app")
	b.must(os.Mkdir(dir, 0o755))
	b.must(os.WriteFile(filepath.Join(dir, "run.bat"), []byte("@echo [%1][%2][%~3][%4]\r\n@exit /b 7\r\n"), 0o755))
	s := Spawn{Plan: stage.Plan{Command: []string{`.\run`, "one", "two words", "a,b;(c)", `C:\x\`}, Directory: dir}}
	w := b.run(s)
	if got, want := w.line(t), `[one]["two words"][a,b;(c)][C:\x\]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.rest(t)
	if exit := b.wait(w.ID); exit.Code != 7 {
		t.Errorf("the worker %s", exit)
	}
	s.Plan.Command = append(s.Plan.Command, `x" & calc`)
	if _, err := b.Spawn(s); err == nil || !strings.Contains(err.Error(), "cmd.exe, which runs .bat and .cmd files, would read it otherwise") {
		t.Errorf("got %v", err)
	}
}

// Arguments arrive as they were written, whatever is in them.
func TestProcArguments(t *testing.T) {
	b := newBench(t)
	args := []string{"", "a b", `c"d`, `e\`, `f g\`, `\\h\"i`, "%PATH%", "^&|<>", "ä€😀", "*", "-x=y"}
	w := b.run(helper(t, "args", args...))
	if got, want := w.line(t), fmt.Sprintf("%q", args); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
