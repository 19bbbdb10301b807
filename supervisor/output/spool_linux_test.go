package output

import (
	"bytes"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

func seekTo(t testing.TB, f *os.File, to int64) {
	t.Helper()
	if _, err := f.Seek(to, io.SeekStart); err != nil {
		t.Fatal(err)
	}
}

func writeAt(t testing.TB, f *os.File, text string, at int64) {
	t.Helper()
	if _, err := f.WriteAt([]byte(text), at); err != nil {
		t.Fatal(err)
	}
}

// restart and clear, stopped after each of their system calls.
func TestSpoolIsWholeAtEveryStep(t *testing.T) {
	f := memory(t)
	writeAt(t, f, "what is gone|left", 0)
	for _, step := range []func(){
		func() { seekTo(t, f, 13) },
		func() { writeAt(t, f, "left", 0) },
		func() { must(t, f.Truncate(4)) },
		func() { seekTo(t, f, 0) },
	} {
		step()
		atRest(t, f, "left")
	}
	writeAt(t, f, "more", 4)
	atRest(t, f, "leftmore")
	seekTo(t, f, 4)
	atRest(t, f, "more")
	for _, step := range []func(){func() { must(t, f.Truncate(0)) }, func() { seekTo(t, f, 0) }} {
		step()
		atRest(t, f, "")
	}
}

// One that opens a spool in the middle of a restart has to end that before the file grows again.
func TestSpoolSettles(t *testing.T) {
	f := memory(t)
	writeAt(t, f, "left", 0)
	seekTo(t, f, 13)
	s, err := openSpool(f)
	must(t, err)
	if at, err := f.Seek(0, io.SeekCurrent); at != 13 || err != nil {
		t.Errorf("opening has moved it to %d, %v", at, err)
	}
	s.end-- // as when the last byte is not worth anything
	must(t, s.settle())
	writeAt(t, f, strings.Repeat("x", 20), s.end)
	atRest(t, f, "lef"+strings.Repeat("x", 20))
}

// The file is always what a plain buffer is.
func TestSpoolIsAQueue(t *testing.T) {
	f := memory(t)
	s, err := openSpool(f)
	must(t, err)
	must(t, s.settle())
	var want []byte
	for range 2000 {
		more := bytes.Repeat([]byte{byte('a' + rand.IntN(26))}, rand.IntN(100))
		writeAt(t, f, string(more), s.end)
		s.end += int64(len(more))
		want = append(want, more...)
		taken := rand.IntN(len(want) + 1)
		want = want[taken:]
		must(t, s.moveTo(s.begin+int64(taken)))
		switch err := s.restart(want); {
		case err == nil && s.begin != 0, err != nil && s.begin > int64(len(want)):
			t.Fatalf("begins at %d: %v", s.begin, err)
		}
		if rand.IntN(50) == 0 {
			must(t, s.clear())
			want = nil
		}
		atRest(t, f, string(want))
	}
}

func TestSpoolErrors(t *testing.T) {
	r, _, err := os.Pipe()
	must(t, err)
	if _, err := openSpool(r); err == nil {
		t.Error("a pipe is no spool")
	}
	dir, err := os.Open(t.TempDir())
	must(t, err)
	defer dir.Close()
	if _, err := openSpool(dir); err == nil {
		t.Error("a folder is no spool")
	}
	f := memory(t)
	writeAt(t, f, "goneleft", 0)
	seekTo(t, f, 4)
	s, err := openSpool(f)
	must(t, err)
	must(t, f.Close())
	for name, do := range map[string]func() error{
		"settle": s.settle, "clear": s.clear, "move": func() error { return s.moveTo(5) },
		"restart": func() error { return s.restart([]byte("eft")) },
	} {
		if do() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
