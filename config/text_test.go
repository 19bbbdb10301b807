package config

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestByteOrderMark: with a mark before it each file is the same, each mistake at the same place.
func TestByteOrderMark(t *testing.T) {
	for _, folder := range []string{"good", "bad", "warning"} {
		for _, path := range files(t, folder) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(src) == 0 || isUTF16(src) || !bytes.Equal(src, withoutMark(src)) {
				continue
			}
			name := "/etc/supervise/" + filepath.Base(path)
			want, wantErr := Parse(name, src, host())
			got, gotErr := Parse(name, append([]byte("\ufeff\ufeff"), src...), host())
			if diff := cmp.Diff(problems(wantErr), problems(gotErr)); diff != "" {
				t.Errorf("%s:\n%s", path, diff)
			}
			if wantErr == nil && gotErr == nil && (!Diff(want, got).Empty() || !bytes.Equal(got.Source.Text, src)) {
				t.Errorf("%s is another configuration:\n%s", path, Diff(want, got))
			}
		}
	}
}

func problems(err error) []Problem {
	if e, is := err.(*Error); is {
		return e.Problems
	}
	return nil
}

func TestIsUTF16(t *testing.T) {
	for text, want := range map[string]bool{
		"\xff\xfea\x00": true, "\xfe\xff\x00a": true, "a\x00": true, "\x00a": true,
		"": false, "a": false, "ab": false, "\x00\x00": false, "\xef\xbb\xbfa": false, "é": false,
	} {
		if got := isUTF16([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
