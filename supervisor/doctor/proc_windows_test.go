package doctor

import (
	"os"
	"strings"
	"testing"
)

// TestMain makes the test binary the two processes that Ask starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Verb {
		os.Exit(Main(os.Args[2:]))
	}
	os.Exit(m.Run())
}

func TestProcAsk(t *testing.T) {
	f := Ask(t.Context(), os.Args[0])
	if f.MissingAnswer != "" || !strings.HasPrefix(f.Machine, windowsMachine) || !atLeast(f.Kernel, 6, 1) {
		t.Errorf("got %+v", f)
	}
	if f.Export != "" || f.Job != "" || f.Pipe != "" {
		t.Errorf("this does not work: %+v", f)
	}
}
