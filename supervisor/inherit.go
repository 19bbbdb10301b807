package supervisor

import (
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/notify"
)

// What the keeper holds for a process, under its id with one of these behind it.
const (
	outputPart  = "/output"       // reading end of the pipe that it prints into
	restPart    = "/rest"         // what has been read of a line that has no end yet
	notifyPart  = "/notify"       // its NOTIFY_SOCKET
	channelPart = "/channel/"     // our end of a channel, with its number
	servePart   = "/serve/"       // a socket that is served to it, with its protocol
	adoptPair   = "/adopt/pair"   // our end of the way of adoptNotify, until that has come
	adoptPage   = "/adopt/page"   // the question of it in hand
	adoptNotify = "/adopt/notify" // where bind(2) and listen(2) of it are answered
	readyPart   = "/ready"        // an earlier version's channel of ready.when
)

// hold has the keeper hold f too: what comes in while no manager reads waits in it for the next one.
func (c *child) hold(part string, f *os.File) error {
	if !outlived {
		return nil
	}
	d, err := fdpass.FromFile(f)
	if err != nil {
		return err
	}
	defer d.Close()
	return c.holdDescriptor(part, d)
}

func (c *child) holdDescriptor(part string, d *fdpass.Descriptor) error {
	if !outlived {
		return nil
	}
	c.held = append(c.held, part)
	return c.host.keeper.Hold(c.spec.id+part, d)
}

// letGo ends what hold began.
func (c *child) letGo() {
	for _, part := range c.held {
		_ = c.host.keeper.Drop(c.spec.id + part)
	}
}

// takeOver makes of what an earlier manager has left all that prepare makes of nothing. What is missing is done without: the
// process itself is not concerned.
func (c *child) takeOver() {
	defer c.left.close()
	c.held = slices.Collect(maps.Keys(c.left))
	c.born = c.process.StartedAt
	c.dir = c.host.folder(c.spec)
	c.uid = os.Getuid()
	if id, err := identify(c.spec.service); err == nil && id.uid != nil {
		c.uid = int(*id.uid)
	}
	var err error
	if c.layout, err = resolve(c.spec, c.host.around(c.dir)); err != nil {
		c.missing("checks of readiness", err)
	}
	if c.spec.service.Ready.When == "log" && !c.spec.ready {
		c.matchLines()
	}
	if f := c.left.take(notifyPart); f != nil {
		if c.notify, err = notify.Restore(c.dir+".notify", f); err != nil {
			c.missing("notify socket", err)
		}
	}
	c.takeChannels()
	c.takeServed()
	c.takeAsked()
	c.readOn()
}

// readOn goes on reading the output.
func (c *child) readOn() {
	f := c.left.take(outputPart)
	if f == nil {
		return // it has supervise's own
	}
	sink, done, err := c.sink()
	if err != nil {
		c.missing("output", err)
		f.Close()
		return
	}
	c.read(f, c.left.take(restPart), sink, done)
}

func (c *child) missing(what string, err error) {
	c.host.log.Error("not taken over from the manager before", "what", what, "service", c.spec.service.Name,
		"generation", c.spec.generation, "pid", c.process.PID, "error", err)
}

// found is what an earlier manager has left with the keeper. It is its own monitor.
type found struct {
	mu        sync.Mutex
	inventory *keeper.Inventory         // nil at the first start
	processes map[string]keeper.Process // not claimed yet, by id
}

func newFound(i *keeper.Inventory) *found {
	f := &found{inventory: i, processes: map[string]keeper.Process{}}
	if i != nil {
		for _, p := range i.Workers {
			f.processes[p.Name] = p
		}
	}
	return f
}

// process claims the process of that id, with all that is held for it.
func (f *found) process(id string) (keeper.Process, parts, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p, there := f.processes[id]
	delete(f.processes, id)
	l := parts{}
	for _, part := range f.parts(id) {
		if file := f.take(id + part); file != nil {
			l[part] = file
		}
	}
	if !there { // killed before it was started: it will be, and has these made anew
		l.close()
		return keeper.Process{}, nil, false
	}
	return p, l, true
}

// parts names what is held for a process.
func (f *found) parts(id string) (list []string) {
	if f.inventory == nil {
		return nil
	}
	all, prefix := f.inventory.Descriptors, id+"/" // sorted by name
	at, _ := slices.BinarySearchFunc(all, prefix, func(n fdpass.Named, name string) int { return strings.Compare(n.Name, name) })
	for ; at < len(all) && strings.HasPrefix(all[at].Name, prefix); at++ {
		list = append(list, strings.TrimPrefix(all[at].Name, id))
	}
	return list
}

// parts are the files that were held for a process, each until somebody takes it.
type parts map[string]*os.File

func (l parts) take(part string) *os.File {
	file := l[part]
	delete(l, part)
	return file
}

func (l parts) close() {
	for _, file := range l {
		file.Close()
	}
}

// file claims what is held under name, nil when that is nothing.
func (f *found) file(name string) *os.File {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.take(name)
}

func (f *found) take(name string) *os.File {
	if f.inventory == nil {
		return nil
	}
	d := f.inventory.Take(name)
	if d == nil {
		return nil
	}
	file, err := fdpass.ToFile(d, name)
	if err != nil {
		d.Close()
		return nil
	}
	return file
}

// rest ends the claiming: it gives the processes that nobody wants, and the names of what is held for nobody.
func (f *found) rest() (strays []keeper.Process, names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.processes {
		strays = append(strays, p)
	}
	clear(f.processes)
	if f.inventory == nil {
		return strays, nil
	}
	for _, d := range f.inventory.Descriptors {
		if isOfProcess(d.Name) {
			names = append(names, d.Name)
		}
	}
	f.inventory.Close()
	f.inventory = nil
	return strays, names
}

func isOfProcess(name string) bool {
	kind, _, _ := strings.Cut(name, "/")
	return kind == "worker" || kind == "hook" || kind == "check" || kind == "store"
}
