package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/fdpass/wire"
)

// taken is what a source of sockets has given.
type taken struct {
	d   *fdpass.Descriptor // until a socket is made of it
	who string             // has it too
	pid int                // of that; 0 when it is not known
}

// errAbsent is the reason, by errors.Is, when a source is not there or does not have the socket: then nobody is served there whom
// another socket could harm, or the kernel refuses that.
var errAbsent = errors.New("nothing is there to take over")

// sourceTimeout bounds a dialogue with another program.
const sourceTimeout = 5 * time.Second

// fetch asks the source for the socket of spec. The caller owns what it gives.
func fetch(from config.TakeFrom, spec fdpass.Spec) (taken, error) {
	ctx, cancel := context.WithTimeout(context.Background(), sourceTimeout)
	defer cancel()
	switch from.Kind {
	case "pid":
		return fetchProcess(from.PID, spec)
	case "pidfile":
		pid, err := readPID(ctx, from.Path)
		if err != nil {
			return taken{}, err
		}
		return fetchProcess(pid, spec)
	case "haproxy":
		return fetchHAProxy(ctx, from.Path, spec)
	case "s6-fdholder":
		return fetchHolder(ctx, from, spec)
	}
	return taken{}, fmt.Errorf("internal error: %q is no kind of source", from.Kind)
}

func fetchProcess(pid int, spec fdpass.Spec) (taken, error) {
	d, err := fdpass.TakeFrom(pid, spec)
	if errors.Is(err, fdpass.ErrNotThere) {
		return taken{}, missing(err)
	}
	if err != nil {
		return taken{}, err
	}
	return taken{d, "process " + strconv.Itoa(pid) + programOf(pid), pid}, nil
}

// programOf is the name of a process, in brackets; "" when it is not known.
func programOf(pid int) string {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (%s)", strings.TrimSpace(string(name)))
}

func fetchHAProxy(ctx context.Context, path string, spec fdpass.Spec) (taken, error) {
	list, err := wire.FetchHAProxy(ctx, path)
	if err != nil {
		return taken{}, unlessThere(err)
	}
	here, names := atPlace(list, spec)
	n := fdpass.Match(here, spec)
	got := taken{who: "HAProxy at " + path}
	for i, l := range here {
		if i == n {
			got.d = l.Descriptor
		} else {
			_ = l.Descriptor.Close()
		}
	}
	if got.d == nil {
		return taken{}, missing(fmt.Errorf("it has %s", strings.Join(names, ", ")))
	}
	return got, nil
}

// atPlace leaves out what other clients reach than those of spec. The names are of all, with the reason.
func atPlace(list []fdpass.Named, spec fdpass.Spec) (here []fdpass.Named, names []string) {
	for _, l := range list {
		if err := fdpass.CheckPlace(l.Descriptor, spec); err != nil {
			_ = l.Descriptor.Close()
			names = append(names, fmt.Sprintf("%s (%v)", l.Name, err))
			continue
		}
		here, names = append(here, l), append(names, l.Name)
	}
	return here, names
}

func fetchHolder(ctx context.Context, from config.TakeFrom, spec fdpass.Spec) (taken, error) {
	id := cmp.Or(from.ID, spec.Name)
	d, err := wire.FetchFDHolder(ctx, from.Path, id)
	if errors.Is(err, wire.ErrUnknown) {
		return taken{}, missing(err)
	}
	if err != nil {
		return taken{}, unlessThere(err)
	}
	if err := fdpass.CheckPlace(d, spec); err != nil {
		_ = d.Close()
		return taken{}, err
	}
	return taken{d: d, who: fmt.Sprintf("s6-fdholder at %s, identifier %q", from.Path, id)}, nil
}

// unlessThere tells a program that does not run from one that does and refuses.
func unlessThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return missing(err)
	}
	return err
}

func missing(err error) error { return absentError{err} }

// absentError has the words of its cause alone.
type absentError struct{ error }

func (e absentError) Is(target error) bool { return target == errAbsent }
func (e absentError) Unwrap() error        { return e.error }
