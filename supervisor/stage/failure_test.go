package stage

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
)

func TestFailureIsOneSentence(t *testing.T) {
	tests := []struct {
		f    Failure
		want string
	}{
		{Failure{"run", "./app", "no such file"}, `cannot run "./app": no such file`},
		{Failure{Op: "set the supplementary groups", Cause: "needs root"}, `cannot set the supplementary groups: needs root`},
		{Failure{"run", "a\nb\xff", "no such file"}, `cannot run "a\nb\xff": no such file`},
	}
	for _, tt := range tests {
		if got := tt.f.Error(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestReadStatus(t *testing.T) {
	failure := &Failure{"run", "\xff/app", "no such file"}
	tests := map[string]struct {
		said string
		want string // "" = success
	}{
		"success":         {starting, ""},
		"before exec":     {string(failure.encode()), failure.Error()},
		"exec failed":     {starting + string(failure.encode()), failure.Error()},
		"silence":         {"", ErrDied.Error()},
		"cut":             {string(failure.encode()[:9]), "internal error: the stage said"},
		"half a word":     {"exe", "internal error: the stage said"},
		"unknown field":   {`{"op":"x","cause":"y","more":1}`, "internal error: the stage said"},
		"two failures":    {string(failure.encode()) + "{}", "more after its failure"},
		"endless":         {starting + strings.Repeat("x", 1<<20), "said too much"},
		"twice the start": {starting + starting, "internal error"},
	}
	for name, tt := range tests {
		err := ReadStatus(iotest.OneByteReader(strings.NewReader(tt.said)))
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

func TestReadStatusPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	if err := ReadStatus(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestFailureAlwaysFitsThePipe(t *testing.T) {
	f := &Failure{"run", strings.Repeat("\x01", 1<<20), strings.Repeat("\xff", 1<<20)}
	b := f.encode()
	if len(b)+len(starting) > maxStatus {
		t.Fatalf("%d bytes", len(b))
	}
	var got *Failure
	if err := decodeFailure(b); !errors.As(err, &got) {
		t.Error(err)
	}
}

func FuzzReadStatus(f *testing.F) {
	f.Add([]byte(starting))
	f.Add((&Failure{"run", "x", "y"}).encode())
	f.Add([]byte(starting + `{"op":"a","cause":"b"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := ReadStatus(strings.NewReader(string(b))); err == nil && string(b) != starting {
			t.Errorf("%q was taken for success", b)
		}
	})
}
