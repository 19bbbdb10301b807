package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Instance is the group of one running supervise, in which those of its workers are.
type Instance struct {
	group Group
	place *Place
	file  *os.File
}

// prefix begins the names of all instances.
const prefix = "supervise-"

// maxInstances bounds the instances of one name that may live at a time.
const maxInstances = 100

// Open makes the group of the instance called name, or takes over that of one that is gone, with what is left in it. It is ours as long as
// somebody has File open. The caller closes it.
func (p *Place) Open(name string) (*Instance, error) {
	p.tidy()
	for n := 1; n <= maxInstances; n++ {
		full := prefix + name
		if n > 1 {
			full += "-" + strconv.Itoa(n)
		}
		i, err := p.open(full)
		if err != nil {
			return nil, fmt.Errorf("cannot make group %q in %q: %w", full, p.group.path, err)
		}
		if i != nil {
			return i, nil
		}
	}
	return nil, fmt.Errorf("cannot make a group for %q in %q: %d of the name are in use", name, p.group.path, maxInstances)
}

// open gives nil where another instance lives.
func (p *Place) open(name string) (*Instance, error) {
	dir := filepath.Join(p.group.dir, name)
	for {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		f, err := os.Open(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // tidied away before it could be locked
		}
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			if err == unix.EWOULDBLOCK {
				err = nil
			}
			return nil, err
		}
		if isSame(f, dir) {
			return &Instance{Group{path.Join(p.group.path, name), dir}, p, f}, nil
		}
		f.Close()
	}
}

func isSame(f *os.File, dir string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(dir)
	return err == nil && os.SameFile(opened, there)
}

// tidy removes what instances have left that are gone, where nothing runs in it any more.
func (p *Place) tidy() {
	names, _ := filepath.Glob(filepath.Join(p.group.dir, prefix+"*"))
	for _, dir := range names {
		f, err := os.Open(dir)
		if err != nil {
			continue
		}
		g := Group{dir: dir}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			if empty, err := g.Empty(); err == nil && empty {
				_ = g.Remove()
			}
		}
		f.Close()
	}
}

// Reopen is Open with the File of the same instance, which an earlier manager has left. It owns f, also when it fails.
func Reopen(f *os.File) (*Instance, error) {
	dir, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(int(f.Fd())))
	var place *Place
	if err == nil {
		place, err = Find()
	}
	if err == nil && (filepath.Dir(dir) != place.group.dir || !isSame(f, dir)) {
		err = fmt.Errorf("cannot use control groups: %s is no longer in %s", dir, place.group.dir)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &Instance{Group{path.Join(place.group.path, filepath.Base(dir)), dir}, place, f}, nil
}

// Remove removes the group of the instance, with those in it, when no process is left there.
func (i *Instance) Remove() error { return i.group.Remove() }

// File is locked: whoever has it open keeps the instance from being taken over. It stays the instance's.
func (i *Instance) File() *os.File { return i.file }

// Close lets go of the instance. Its groups stay.
func (i *Instance) Close() error { return i.file.Close() }

// Make makes a group with these limits, called name or nearly so. Enable comes before it, once for each controller. The caller removes it.
func (i *Instance) Make(name string, l Limits) (*Group, error) {
	name = strings.ReplaceAll(name, "/", ".")
	for n := 1; ; n++ {
		full := name
		if n > 1 {
			full += "-" + strconv.Itoa(n)
		}
		g := &Group{path.Join(i.group.path, full), filepath.Join(i.group.dir, full)}
		err := g.Create()
		if errors.Is(err, fs.ErrExist) {
			continue // something in it has not ended
		}
		if err == nil {
			if err = g.apply(l); err != nil {
				_ = g.Remove()
			}
		}
		if err != nil {
			return nil, fmt.Errorf("cannot make group %q: %w", g.path, err)
		}
		return g, nil
	}
}

// Clear removes the groups that keep does not name by their path, and kills what is in them. It returns how many processes that were.
func (i *Instance) Clear(keep map[string]bool, timeout time.Duration) (killed int, err error) {
	entries, err := os.ReadDir(i.group.dir)
	err = ignoreGone(err)
	for _, e := range entries {
		g := &Group{path.Join(i.group.path, e.Name()), filepath.Join(i.group.dir, e.Name())}
		if !e.IsDir() || keep[g.path] {
			continue
		}
		pids, perr := g.Procs()
		killed += len(pids)
		err = errors.Join(err, perr, g.Kill(timeout), g.Remove())
	}
	return killed, err
}
