package fdpass

import (
	"errors"
	"io"
	"os"
	"testing"
)

func TestToFile(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	held, err := FromFile(r)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	again, err := ToFile(held, "again")
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := ToFile(held, "twice"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a second time: %v", err)
	}
	if err := held.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closing what is used up: %v", err)
	}
	file, err := ToFile(w, "w")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(file, "hello"); err != nil {
		t.Fatal(err)
	}
	file.Close()
	if got, err := io.ReadAll(again); string(got) != "hello" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestToFileInUse(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	_ = w.Use(func(int) error {
		if _, err := ToFile(w, "w"); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v", err)
		}
		return nil
	})
}
