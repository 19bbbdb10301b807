package keeper

import (
	"fmt"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Local is the Keeper inside this process. What it keeps and the exits of its
// workers are lost with the process. Make it with NewLocal.
type Local struct {
	*core
	kept map[string]kept // owned by the loop
	from *forker
}

var _ Keeper = (*Local)(nil)

func newLocal(executable string) *Local {
	l := &Local{kept: make(map[string]kept)}
	l.from = &forker{executable: executable, held: l.held}
	l.core = newCore(l.from)
	return l
}

// held finds a descriptor on the shelf.
func (l *Local) held(name string) (*fdpass.Descriptor, error) {
	return ask(l.core, func(*state) (*fdpass.Descriptor, error) {
		if d := l.kept[name].descriptor; d != nil {
			return d, nil
		}
		return nil, fmt.Errorf("%q is not held", name)
	})
}

// Close drops what is kept and unblocks Wait with an error. It ends no process;
// those that run stay children of this process. On Windows it ends them, see [NewLocal].
func (l *Local) Close() error {
	return l.stop(func() {
		for _, k := range l.kept {
			k.close()
		}
	})
}

func (f *forker) open(_ ID, pid int) (handle, error) { return openHandle(pid) }

func (f *forker) follow(ID, handle) error { return nil }
