package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRotated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "shop.log")
	var using []string
	r, err := openRotated(path, 10, func(f *os.File) { using = append(using, fmt.Sprint(f != nil)) })
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, now, before string }{
		{"12345", "12345", ""},
		{"67890", "1234567890", ""},
		{"a", "a", "1234567890"},
		{"a line longer than the limit", "a line longer than the limit", "a"},
		{"b", "b", "a line longer than the limit"},
	} {
		if n, err := r.Write([]byte(c.text)); n != len(c.text) || err != nil {
			t.Errorf("%q: %d, %v", c.text, n, err)
		}
		now, _ := os.ReadFile(path)
		before, _ := os.ReadFile(path + ".1")
		if string(now) != c.now || string(before) != c.before {
			t.Errorf("after %q: %q, %q", c.text, now, before)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	want := []string{"true", "false", "true", "false", "true", "false", "true", "false"}
	if d := cmp.Diff(want, using); d != "" {
		t.Error(d)
	}
}

// TestRotatedContinues: what was written by the service before counts, and stays.
func TestRotatedContinues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.log")
	for _, c := range []struct{ text, now string }{{"1234", "1234"}, {"5678", "12345678"}, {"90123", "90123"}} {
		r, err := openRotated(path, 10, func(*os.File) {})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = r.Write([]byte(c.text))
		r.Close()
		if now, _ := os.ReadFile(path); string(now) != c.now {
			t.Errorf("after %q: %q", c.text, now)
		}
	}
}

// TestRotatedLoses: a file that cannot be written holds nobody up, and is tried again.
func TestRotatedLoses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	path := filepath.Join(dir, "shop.log")
	r, err := openRotated(path, 4, func(*os.File) {})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.Write([]byte("1234"))
	r.Close()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Write([]byte("lost")); n != 4 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	_, _ = r.Write([]byte("kept"))
	r.Close()
	if now, _ := os.ReadFile(path); string(now) != "kept" {
		t.Errorf("%q", now)
	}
}
