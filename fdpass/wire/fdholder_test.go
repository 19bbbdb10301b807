//go:build linux

package wire

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// s6 runs one of s6's own clients against us.
func s6(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	return output(t, "s6-fdholder-"+name, "s6", args...)
}

// TestProcFDHolderRetrieve: s6-fdholder-retrieve runs a program with the descriptor as its standard input.
func TestProcFDHolderRetrieve(t *testing.T) {
	web := listener(t, "tcp4", "127.0.0.1")
	path, ends := at(t, "s6-fdholder", newShelf(t, named(t, "web", web)))
	out, err := s6(t, "retrieve", path, "web", "readlink", "/proc/self/fd/0")
	if want := fmt.Sprintf("socket:[%d]", inode(t, web.Descriptor())); err != nil || out != want {
		t.Errorf("got %q %v, want %q", out, err, want)
	}
	if err := <-ends; err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{path, "other", "true"}, "No such file or directory"},
		{[]string{"-D", path, "web", "true"}, "Operation not permitted"},
	} {
		if out, err := s6(t, "retrieve", c.args...); err == nil || !strings.Contains(out, c.says) {
			t.Errorf("%q: got %q %v", c.args, out, err)
		}
	}
}

// TestProcFDHolderStore goes through the life of a descriptor that a peer stored.
func TestProcFDHolderStore(t *testing.T) {
	web, theirs := listener(t, "tcp4", "127.0.0.1"), listener(t, "tcp6", "::1")
	s := newShelf(t, named(t, "web", web))
	path, ends := at(t, "s6-fdholder", s)
	wait := func() {
		t.Helper()
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	store := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), program(t, "s6-fdholder-store", "s6"), args...)
		cmd.Stdin = standardInput(t, theirs)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	before := time.Now()
	if out, err := store("-T", "3600000", path, "app.one"); err != nil {
		t.Fatal(out, err)
	}
	wait()
	if left := s.expires("app.one").Sub(before.Add(time.Hour)); left < -2*time.Second || left > 30*time.Second {
		t.Errorf("it expires at %s", s.expires("app.one")) // leap seconds are counted as s6 does
	}
	if out, err := store(path, "app.two"); err != nil || !s.expires("app.two").IsZero() {
		t.Error(out, err, s.expires("app.two"))
	}
	wait()
	if out, err := store(path, "web"); err == nil || !strings.Contains(out, "busy") {
		t.Error(out, err)
	}
	wait()
	if out, err := s6(t, "list", path); err != nil || !slices.Equal(strings.Fields(out), []string{"web", "app.one", "app.two"}) {
		t.Errorf("got %q %v", out, err)
	}
	wait()
	out, err := s6(t, "retrieve", "-D", path, "app.two", "readlink", "/proc/self/fd/0")
	if want := fmt.Sprintf("socket:[%d]", inode(t, theirs.Descriptor())); err != nil || out != want {
		t.Errorf("got %q %v, want %q", out, err, want)
	}
	wait()
	if out, err := s6(t, "delete", path, "app.one"); err != nil {
		t.Error(out, err)
	}
	wait()
	if out, err := s6(t, "delete", path, "app.one"); err == nil || !strings.Contains(out, "No such file") {
		t.Error(out, err)
	}
	if left := s.names(); !slices.Equal(left, []string{"web"}) {
		t.Errorf("left is %q", left)
	}
}

// standardInput duplicates a socket as a file that os/exec leaves as it is.
func standardInput(t *testing.T, s *fdpass.Socket) *os.File {
	t.Helper()
	d, err := s.Descriptor().Dup()
	if err != nil {
		t.Fatal(err)
	}
	f, err := fdpass.ToFile(d, "socket")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestProcFDHolderDumps: a client without special rights is told so by s6-fdholderd.
func TestProcFDHolderDumps(t *testing.T) {
	path, ends := at(t, "s6-fdholder", newShelf(t, named(t, "web", listener(t, "tcp4", "127.0.0.1"))))
	if out, err := s6(t, "getdump", path, "true"); err == nil || !strings.Contains(out, "not permitted") {
		t.Errorf("got %q %v", out, err)
	}
	if err := <-ends; err != nil {
		t.Error(err)
	}
	target, _ := at(t, "s6-fdholder", newShelf(t))
	if out, err := s6(t, "transferdump", path, target); err == nil || !strings.Contains(out, "not permitted") {
		t.Errorf("got %q %v", out, err)
	}
}

func TestProcFDHolderErrors(t *testing.T) {
	for fail, says := range map[error]string{
		ErrDenied: "not permitted", ErrFull: "Too many open files", syscall.EBADMSG: "Input/output error",
	} {
		s := newShelf(t, named(t, "web", listener(t, "tcp4", "127.0.0.1")))
		s.fail = fail
		path, _ := at(t, "s6-fdholder", s)
		for _, args := range [][]string{{"list", path}, {"retrieve", path, "web", "true"}, {"delete", path, "web"}, {"store", "-d", "1", path, "x"}} {
			if out, err := s6(t, args[0], args[1:]...); err == nil || !strings.Contains(out, says) {
				t.Errorf("%v, %s: got %q %v", fail, args[0], out, err)
			}
		}
	}
}

// fdholderd runs the real daemon. Everybody may do what the expressions allow.
func fdholderd(t *testing.T, retrieve string) (path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "wire")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	env := filepath.Join(dir, "rules", "uid", "default", "env")
	if err := os.MkdirAll(env, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"../allow": "", "S6_FDHOLDER_RETRIEVE_REGEX": retrieve, "S6_FDHOLDER_STORE_REGEX": ".*", "S6_FDHOLDER_LIST": "1",
	} {
		if err := os.WriteFile(filepath.Join(env, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(dir, "s")
	cmd := exec.Command(program(t, "s6-fdholder-daemon", "s6"), "-1", "-i", filepath.Join(dir, "rules"), path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if _, err := out.Read(make([]byte, 1)); err != nil { // a newline: it is ready
		t.Fatal(err)
	}
	return path
}

// TestProcFetchFDHolder takes a descriptor out of the real daemon.
func TestProcFetchFDHolder(t *testing.T) {
	path := fdholderd(t, "^web$")
	web := listener(t, "tcp4", "127.0.0.1")
	for _, id := range []string{"web", "secret"} {
		cmd := exec.CommandContext(t.Context(), program(t, "s6-fdholder-store", "s6"), path, id)
		cmd.Stdin = standardInput(t, web)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatal(string(out), err)
		}
	}
	d, err := FetchFDHolder(t.Context(), path, "web")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if inode(t, d) != inode(t, web.Descriptor()) {
		t.Error("it is another socket")
	}
	_, err = FetchFDHolder(t.Context(), path, "secret")
	wantErr(t, err, ErrDenied)
	for _, id := range []string{"", strings.Repeat("x", 256)} {
		if _, err := FetchFDHolder(t.Context(), path, id); err == nil {
			t.Errorf("%q was taken", id)
		}
	}
	open := fdholderd(t, ".*")
	_, err = FetchFDHolder(t.Context(), open, "web")
	wantErr(t, err, ErrUnknown)
}

// TestFetchFromUs: both sides are ours.
func TestFetchFromUs(t *testing.T) {
	web := listener(t, "tcp4", "127.0.0.1")
	path, ends := at(t, "s6-fdholder", newShelf(t, named(t, "web", web)))
	d, err := FetchFDHolder(t.Context(), path, "web")
	if err != nil || inode(t, d) != inode(t, web.Descriptor()) {
		t.Fatal(d, err)
	}
	d.Close()
	if err := <-ends; err != nil {
		t.Error(err)
	}
	path, ends = at(t, "haproxy", newShelf(t, named(t, "web", web)))
	list, err := FetchHAProxy(t.Context(), path)
	if err != nil || len(list) != 1 || list[0].Name != web.Address().String() {
		t.Fatal(list, err)
	}
	closeAll(list)
	if err := <-ends; err != nil {
		t.Error(err)
	}
}

func TestFetchFails(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "none")
	if _, err := FetchHAProxy(t.Context(), gone); err == nil || !strings.Contains(err.Error(), gone) {
		t.Errorf("got %v", err)
	}
	if _, err := FetchFDHolder(t.Context(), gone, "web"); err == nil || !strings.Contains(err.Error(), gone) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(os.ErrInvalid)
	if _, err := FetchHAProxy(ctx, gone); err == nil {
		t.Error("it went on")
	}
}
