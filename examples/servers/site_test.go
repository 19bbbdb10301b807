//go:build linux

package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCopyFolder(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "new")
	if err := os.MkdirAll(filepath.Join(from, "a", "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"x.conf": "listen 8101; # not 81010? yes: 8101", "a/b/y": "nothing"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := copyFolder(to, from, "8101", "12345"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"x.conf": "listen 12345; # not 123450? yes: 12345", "a/b/y": "nothing"} {
		if got, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if err := copyFolder(to, filepath.Join(from, "none"), "x", "y"); err == nil {
		t.Error("a folder that does not exist was copied")
	}
	if err := copyFolder(filepath.Join(to, "x.conf"), from, "x", "y"); err == nil {
		t.Error("a file is no folder")
	}
}

// TestAwaitReady has a service that says something else first, says nothing in time, or ends.
func TestAwaitReady(t *testing.T) {
	open := func(t *testing.T) (*net.UnixConn, net.Conn) {
		address := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify")}
		ours, err := net.ListenUnixgram("unixgram", address)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := net.Dial("unixgram", address.Name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ours.Close(); theirs.Close() })
		return ours, theirs
	}
	t.Run("ready", func(t *testing.T) {
		ours, theirs := open(t)
		for _, text := range []string{"STATUS=starting", "READY=1\nSTATUS=serving"} {
			if _, err := theirs.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := awaitReady(t.Context(), ours); err != nil {
			t.Error(err)
		}
	})
	t.Run("ended", func(t *testing.T) {
		ours, _ := open(t)
		ours.Close()
		if err := awaitReady(t.Context(), ours); err == nil {
			t.Error("ready, and ended")
		}
	})
	t.Run("called off", func(t *testing.T) {
		ours, _ := open(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := awaitReady(ctx, ours); err == nil {
			t.Error("ready, and called off")
		}
	})
}

func TestFolderOf(t *testing.T) {
	built := tools{folder: "/x"}
	for _, c := range []struct {
		server server
		want   string
	}{{server{name: "nginx", install: "nginx"}, "/x/nginx"}, {server{name: "worker"}, "/x/gosrv/worker"}} {
		if got := built.folderOf(c.server); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

func TestTail(t *testing.T) {
	long := strings.Repeat("a", 9000) + "end"
	if got := tail(long); len(got) != 4000 || !strings.HasSuffix(got, "end") {
		t.Errorf("%d bytes", len(got))
	}
	if got := tail("short"); got != "short" {
		t.Error(got)
	}
}
