//go:build unix

package stage

import (
	"fmt"
	"strings"
	"syscall"
)

// setLimits sets the configured limits. A limit on open files that is not
// configured needs no care: Go raised the soft one when this process started,
// and syscall.Exec puts the original back.
func (c *child) setLimits() error {
	for _, l := range c.plan.Limits {
		resource, ok := resources[l.Resource]
		if !ok {
			return &Failure{Op: "set limit", Object: l.Resource, Cause: "this system has no such limit"}
		}
		if err := setLimit(resource, l); err != nil {
			return &Failure{Op: "set limit", Object: l.Resource, Cause: explainLimit(resource, l, err)}
		}
	}
	return nil
}

// setLimit must be syscall.Setrlimit: it is the call that tells syscall.Exec
// not to undo it.
func setLimit(resource int, l Limit) error {
	var r syscall.Rlimit
	assign(&r.Cur, l.Soft)
	assign(&r.Max, l.Hard)
	return syscall.Setrlimit(resource, &r)
}

// assign bridges the systems where limits are signed; the all-ones value means
// unlimited in both forms.
func assign[T int64 | uint64](to *T, value uint64) { *to = T(value) }

func explainLimit(resource int, l Limit, err error) string {
	var now syscall.Rlimit
	if l.Soft > l.Hard {
		return fmt.Sprintf("the soft limit %s is above the hard limit %s", limitValue(l.Soft), limitValue(l.Hard))
	}
	if err != syscall.EPERM || syscall.Getrlimit(resource, &now) != nil {
		return err.Error()
	}
	if highest, ok := maxOpenFiles(); ok && resource == syscall.RLIMIT_NOFILE && l.Hard > highest {
		return fmt.Sprintf("%s is more than this system allows (fs.nr_open = %d)", limitValue(l.Hard), highest)
	}
	if l.Hard > uint64(now.Max) {
		return fmt.Sprintf("%s is above supervise's own hard limit %s, which needs root (CAP_SYS_RESOURCE; or raise it: ulimit -H, Limit%s=)",
			limitValue(l.Hard), limitValue(uint64(now.Max)), strings.ToUpper(l.Resource))
	}
	return fmt.Sprintf("%s is more than this system allows", limitValue(l.Hard))
}

func limitValue(v uint64) string {
	if v == Unlimited {
		return "unlimited"
	}
	return fmt.Sprint(v)
}
