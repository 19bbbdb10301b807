package cgroup

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Offers is whether groups in this place can have the controllers, or why not. It changes nothing.
func (p *Place) Offers(controllers []string) error {
	offered := p.group.words("cgroup.controllers")
	for _, c := range controllers {
		if !slices.Contains(offered, c) {
			return fmt.Errorf("cannot limit by the controller %q: group %q does not have it (%s)", c, p.group.path, whyNot(c))
		}
	}
	return nil
}

func (g *Group) words(name string) []string {
	b, _ := os.ReadFile(filepath.Join(g.dir, name))
	return strings.Fields(string(b))
}

// whyNot says where a controller is that could be missed: /proc/cgroups has its name and the number of its hierarchy, 0 for version 2.
func whyNot(controller string) string {
	b, _ := os.ReadFile("/proc/cgroups")
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) != 4 || fields[0] != controller:
		case fields[3] == "0":
			return "the kernel was started without it: cgroup_disable, or cgroup_enable is missing"
		case fields[1] != "0":
			return "this machine has it in version 1: start its kernel with systemd.unified_cgroup_hierarchy=1"
		}
	}
	return "the groups above it must pass it on: Delegate=yes in the unit of systemd, or cgroup.subtree_control"
}

// Enable lets the groups of the instance have the controllers. Supervise's own processes (root and what descends from it) leave the place
// for a group of their own first, but where that is the root of all: with processes in it, the kernel refuses some controllers, and others
// (cpu, pids) would make of it a group for threads, in whose groups nothing can be started.
func (i *Instance) Enable(controllers []string, root int) error {
	if err := i.place.Offers(controllers); err != nil {
		return err
	}
	var err error
	if !i.place.root {
		err = i.place.vacate(root)
	}
	if err == nil {
		err = i.place.group.passOn(controllers)
	}
	if err == nil {
		err = i.group.passOn(controllers)
	}
	if err != nil {
		return fmt.Errorf("cannot limit by the controllers %s: %w", strings.Join(controllers, ", "), err)
	}
	return nil
}

// passOn lets the groups in g have the controllers.
func (g *Group) passOn(controllers []string) error {
	have := g.words("cgroup.subtree_control")
	for _, c := range controllers {
		if slices.Contains(have, c) {
			continue
		}
		if err := g.write("cgroup.subtree_control", "+"+c); err != nil {
			return err
		}
	}
	return nil
}

// rounds bounds how often what has been forked meanwhile is moved, too.
const rounds = 20

// vacate moves our processes into the leaf. It moves none if a stranger is among them: nothing would be won.
func (p *Place) vacate(root int) error {
	dir := filepath.Join(p.group.dir, leaf)
	for range rounds {
		pids := p.group.words("cgroup.procs")
		if len(pids) == 0 {
			return nil
		}
		for _, text := range pids {
			pid, _ := strconv.Atoi(text)
			if !descends(pid, root) {
				return fmt.Errorf("process %d (%s) is in group %q, too: start supervise in a group of its own", pid, nameOf(pid), p.group.path)
			}
		}
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
		for _, pid := range pids {
			if err := writeFile(filepath.Join(dir, "cgroup.procs"), pid); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("cannot move process %s to group %q: %w", pid, p.group.path+"/"+leaf, err)
			}
		}
	}
	return fmt.Errorf("processes in group %q do not become fewer", p.group.path)
}

// descends is whether pid is root or one of its descendants, or gone.
func descends(pid, root int) bool {
	for pid > 0 && pid != root {
		parent, err := parentOf(pid)
		if err != nil {
			return true
		}
		pid = parent
	}
	return pid == root
}

// parentOf reads proc_pid_stat(5): the name before it may contain anything.
func parentOf(pid int) (int, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 2 {
		return 0, errors.New("malformed stat")
	}
	return strconv.Atoi(string(fields[1]))
}

func nameOf(pid int) string {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	return strings.TrimSpace(string(b))
}
