package fdpass

import "testing"

func TestWindowsBacklog(t *testing.T) {
	const cut = "the backlog of 65536 is cut to 65535, the most that Winsock takes as a number"
	for configured, want := range map[int]struct {
		argument int32
		warning  string
	}{
		0:     {0x7fffffff, ""}, // SOMAXCONN
		1:     {1, ""},
		128:   {128, ""},
		199:   {199, ""},
		200:   {-200, ""}, // SOMAXCONN_HINT(200)
		201:   {-201, ""},
		4096:  {-4096, ""},
		65534: {-65534, ""},
		65535: {-65535, ""},
		65536: {-65535, cut},
	} {
		argument, warning := windowsBacklog(configured)
		if argument != want.argument || warning != want.warning {
			t.Errorf("%d: listen(%d), %q; want listen(%d), %q", configured, argument, warning, want.argument, want.warning)
		}
	}
}

// TestWindowsBacklogRises: more is never less, whatever form the argument has.
func TestWindowsBacklogRises(t *testing.T) {
	effective := func(n int) int32 {
		argument, _ := windowsBacklog(n)
		if argument < 0 {
			return -argument
		}
		return argument
	}
	for n := 2; n <= 70000; n++ {
		if effective(n) < effective(n-1) {
			t.Fatalf("%d gives %d, %d gives %d", n, effective(n), n-1, effective(n-1))
		}
	}
	if effective(0) < effective(70000) {
		t.Error("the most is less than a number")
	}
}
