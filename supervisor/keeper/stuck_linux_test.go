package keeper

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// TestSendSome has a kernel refuse some descriptors, as those before Linux 6.10 do: all others still go, and these are named.
func TestSendSome(t *testing.T) {
	for name, tt := range map[string]struct {
		stuck []int // of seven
		want  string
	}{
		"none": {nil, "0123456"}, "one": {[]int{3}, "012?456"}, "first": {[]int{0}, "?123456"}, "last": {[]int{6}, "012345?"}, "all": {[]int{0, 1, 2, 3, 4, 5, 6}, "???????"},
	} {
		t.Run(name, func(t *testing.T) {
			all := make([]*fdpass.Descriptor, 7)
			for i := range all {
				all[i] = &fdpass.Descriptor{}
			}
			got := ""
			send := func(a answer) error {
				for _, i := range tt.stuck {
					if slices.Contains(a.beside, all[i]) {
						return os.NewSyscallError("sendmsg", unix.ETOOMANYREFS)
					}
				}
				for _, k := range a.Kept {
					if k.Stuck {
						got += "?"
					} else {
						got += k.Name
					}
				}
				return nil
			}
			for next := 0; next < len(all); next = len(got) {
				var a answer
				for i := next; i < len(all); i++ {
					a.Kept, a.beside = append(a.Kept, keptEntry{Name: fmt.Sprint(i)}), append(a.beside, all[i])
				}
				before := len(got)
				if err := sendSome(a, send); err != nil || len(got) == before {
					t.Fatalf("after %q: %v", got, err)
				}
			}
			if got != tt.want {
				t.Errorf("sent %q, want %q", got, tt.want)
			}
		})
	}
}

// What has failed otherwise is not tried again.
func TestSendSomeFails(t *testing.T) {
	count := 0
	a := answer{beside: []*fdpass.Descriptor{{}}}
	a.Kept = []keptEntry{{Name: "a"}}
	err := sendSome(a, func(answer) error { count++; return unix.EPIPE })
	if err != unix.EPIPE || count != 1 {
		t.Errorf("%v after %d", err, count)
	}
}
