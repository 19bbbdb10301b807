//go:build linux

package stage

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// numbered are files whose names tell which they are.
func numbered(t *testing.T, n int) []*os.File {
	t.Helper()
	dir := t.TempDir()
	files := make([]*os.File, n)
	for i := range files {
		f, err := os.Create(fmt.Sprintf("%s/f%d", dir, i))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		files[i] = f
	}
	return files
}

func TestProcDescriptorsAreExact(t *testing.T) {
	count := func(from, n int) (list []int) {
		for i := range n {
			list = append(list, from+i)
		}
		return list
	}
	reversed := count(3, 40)
	slices.Reverse(reversed)
	tests := map[string][]int{
		"none":           nil,
		"in place":       {3, 4, 5},
		"swapped":        {4, 3},
		"cycle":          {4, 5, 6, 3},
		"reversed":       reversed,
		"gap":            {3, 255, 9},
		"high":           {1000, 999, 500},
		"stdin":          {0},
		"all standard":   {2, 0},
		"status's place": {5, 4, 3, 6, 7, 8, 9, 10},
		"many":           count(3, 198),
		"many shifted":   count(50, 198),
		"next free":      {9, 8, 7, 6},
	}
	for name, numbers := range tests {
		files := numbered(t, len(numbers))
		got := output(t, Plan{Command: self(t, "list-descriptors"), Env: Environ(), Numbers: numbers}, files...)
		if want := expectation(numbers); stripped(got) != want {
			t.Errorf("%s: the worker has\n%s, want\n%s", name, got, want)
		}
	}
}

// expectation is the list of a worker that gets file i at numbers[i], stdout in
// a pipe, and /dev/null for what else is standard.
func expectation(numbers []int) string {
	at := map[int]string{0: "/dev/null", 1: "pipe", 2: "/dev/null"}
	for i, n := range numbers {
		at[n] = fmt.Sprintf("f%d", i)
	}
	var b strings.Builder
	for n := range 4096 {
		if target, ok := at[n]; ok {
			fmt.Fprintf(&b, "%d cloexec=false nonblock=false %s\n", n, target)
		}
	}
	return b.String()
}

// stripped leaves of each target what does not differ from run to run.
func stripped(list string) string {
	var b strings.Builder
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		target := fields[3]
		switch {
		case strings.HasPrefix(target, "pipe:"):
			target = "pipe"
		case target != "/dev/null":
			target = target[strings.LastIndex(target, "/")+1:]
		}
		fmt.Fprintln(&b, fields[0], fields[1], fields[2], target)
	}
	return b.String()
}

// Descriptors that supervise inherited from whoever started it are not
// close-on-exec, and end here.
func TestProcInheritedDescriptorsAreClosed(t *testing.T) {
	r, w := pipe(t)
	files := append([]*os.File{w}, numbered(t, 20)...)
	s := startStage(t, "stage", nil, files)
	w.Close()
	if err := s.send(t, encode(t, Plan{Command: self(t, "list-descriptors"), Env: Environ(), Numbers: []int{1}})); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || strings.Count(string(b), "\n") != 3 {
		t.Errorf("the worker has\n%s%v", b, err)
	}
	s.cmd.Wait()
}

// O_NONBLOCK belongs to the open file description, which other workers share.
func TestProcNonblockStaysAsItIs(t *testing.T) {
	var pair [2]int
	if err := unix.Pipe2(pair[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[1])
	// os/exec clears the flag; it is set again before the stage gets its plan.
	dup, err := unix.FcntlInt(uintptr(pair[0]), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(dup), "nonblocking")
	defer f.Close()
	defer unix.Close(pair[0])
	r, w := pipe(t)
	s := startStage(t, "stage", nil, []*os.File{w, f})
	w.Close()
	if err := unix.SetNonblock(pair[0], true); err != nil {
		t.Fatal(err)
	}
	if err := s.send(t, encode(t, Plan{Command: self(t, "list-descriptors"), Env: Environ(), Numbers: []int{1, 0}})); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(r); err != nil || !strings.HasPrefix(string(b), "0 cloexec=false nonblock=true pipe:") {
		t.Errorf("the worker has\n%s%v", b, err)
	}
	s.cmd.Wait()
}

// Where the plan asks for it the flag is set, for everybody who has the pipe, and for nothing else.
func TestProcNonblockOnRequest(t *testing.T) {
	theirs, ours := pipe(t)
	r, w := pipe(t)
	s := startStage(t, "stage", nil, []*os.File{w, theirs})
	w.Close()
	p := Plan{Command: self(t, "list-descriptors"), Env: Environ(), Numbers: []int{1, 0}, Nonblocking: []int{0}}
	if err := s.send(t, encode(t, p)); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	lines := strings.Split(string(b), "\n")
	if err != nil || len(lines) < 3 || !strings.HasPrefix(lines[0], "0 cloexec=false nonblock=true pipe:") || !strings.HasPrefix(lines[1], "1 cloexec=false nonblock=false pipe:") {
		t.Errorf("the worker has\n%s%v", b, err)
	}
	ours.Close()
	s.cmd.Wait()
}

// The ways for older kernels lead to the same result as close_range(2).
func TestCloseOnExecFallbacks(t *testing.T) {
	for name, mark := range map[string]func([]int) error{"close_range": markGaps, "proc": markListed, "one by one": markBelowLimit} {
		files := numbered(t, 4)
		var open []int
		for _, f := range files {
			raw, err := f.SyscallConn()
			if err != nil {
				t.Fatal(err)
			}
			raw.Control(func(fd uintptr) { open = append(open, int(fd)) })
		}
		flagsOf := func(fd int) int {
			flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
			if err != nil {
				t.Fatal(err)
			}
			return flags
		}
		for _, fd := range open {
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
				t.Fatal(err)
			}
		}
		keep := []int{0, 1, 2, open[1], open[2]}
		slices.Sort(keep)
		if err := mark(keep); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, want := range []int{unix.FD_CLOEXEC, 0, 0, unix.FD_CLOEXEC} {
			if got := flagsOf(open[i]); got != want {
				t.Errorf("%s: descriptor %d has flags %d, want %d", name, open[i], got, want)
			}
		}
	}
}
