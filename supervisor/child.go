package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor/keeper"
	"github.com/seed-da40d5ac/supervise/supervisor/notify"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// child is a worker as a process: what it was given, and the goroutines that listen to it.
type child struct {
	// fixed after start
	host      *host
	spec      spec
	tell      func(happening)
	born      time.Time
	inherited bool           // an earlier manager has started it
	left      parts          // and the keeper has held these for it
	attended  chan struct{}  // closed when the service knows that it runs, or it does not
	over      chan struct{}  // closed by release
	heard     sync.WaitGroup // goroutines that listen to what it says

	// set by run before it tells of launched; read by the service after that
	process keeper.Process
	layout  layout
	dir     string
	uid     int
	notify  *notify.Socket
	held    []string   // parts that the keeper holds
	ours    []*os.File // of the channels, by their number; nil where there is none
	served  []*served
	last    *lastLines                   // of a check: what it prints; nil: it prints where the worker does
	asked   *asked                       // nil where the worker is given descriptors
	printed chan struct{}                // closed when its output has ended; nil without a pipe
	matcher atomic.Pointer[func(string)] // sees every line until then

	// set by start for a worker that is taken over, else with the others above
	between *stage.Parent // what it was started with between the keeper and itself; nil: nothing

	main int // pid of the main process, after follow; owned by the service

	signalled  atomic.Bool // it was sent a signal
	background atomic.Bool // its first process has ended, and left another
}

// run is the life of the process.
func (c *child) run() {
	exit, err := c.live()
	c.tell(happening{kind: ended, exit: exit, err: err})
}

func (c *child) live() (keeper.Exit, error) {
	var kit kit
	defer kit.close()
	for _, d := range c.spec.stored {
		kit.mine = append(kit.mine, d)
	}
	attended := sync.OnceFunc(func() { close(c.attended) })
	defer attended()
	if c.inherited {
		kit.close() // it has them
		c.takeOver()
		return c.attend(&kit, attended)
	}
	if c.spec.launched {
		return keeper.Exit{}, errUnseen
	}
	if err := c.prepare(&kit); err != nil {
		c.closeChannels()
		return keeper.Exit{}, err
	}
	process, err := c.host.spawn(kit.spawn, limitsOf(c.spec.service.Max))
	if err != nil {
		attended()
		c.awaitOutput(&kit)
		c.closeChannels()
		return keeper.Exit{}, err
	}
	c.process = process
	kit.close()
	kit.spawn = keeper.Spawn{} // its environment is not needed for the life of the worker
	return c.attend(&kit, attended)
}

// errUnseen is the end of a process that an earlier manager knew, and the keeper knows no longer.
var errUnseen = errors.New("it has ended, and nobody saw how")

// attend listens to a process until it is gone.
func (c *child) attend(k *kit, attended func()) (keeper.Exit, error) {
	c.tell(happening{kind: launched, pid: c.process.PID})
	attended()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if c.notify != nil {
		c.heard.Go(c.listen)
	}
	c.hearChannels()
	c.serveAll(ctx)
	if c.asked != nil {
		c.heard.Go(func() { c.answer(ctx) })
		c.heard.Go(func() { c.watchOwn(ctx) })
	}
	if !c.spec.ready {
		c.watchReady(ctx)
	}
	exit, err := c.host.keeper.Wait(c.process.ID)
	if err == nil {
		c.awaitBackground(exit)
	}
	cancel()
	_ = c.host.keeper.Kill(c.process.ID) // what is left of its process tree
	c.hearOut()
	c.awaitOutput(k)
	return explain(exit, c.process), err
}

// hearOut takes in what a worker that is gone has said before it went: it counts, however late it is read.
func (c *child) hearOut() {
	if c.notify != nil {
		c.notify.Finish()
	}
	c.finishChannels()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		c.heard.Wait()
	}()
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-heard:
	case <-t.C:
	}
	c.closeChannels()
}

// lastWords is how long the output of a process that is gone may take to end. Something that escaped may hold it open.
const lastWords = 500 * time.Millisecond

// awaitOutput waits until the last lines have been read.
func (c *child) awaitOutput(k *kit) {
	k.close()
	if c.printed == nil {
		return
	}
	t := time.NewTimer(lastWords)
	defer t.Stop()
	select {
	case <-c.printed:
	case <-t.C:
	}
}

// kit is what is made for a start and not needed after it.
type kit struct {
	spawn keeper.Spawn
	mine  []io.Closer
}

func (k *kit) close() {
	for _, c := range k.mine {
		c.Close()
	}
	k.mine = nil
}

// prepare makes everything that the worker is born with.
func (c *child) prepare(k *kit) error {
	id, err := identify(c.spec.service)
	if err != nil {
		return err
	}
	c.uid = os.Getuid()
	if id.uid != nil {
		c.uid = int(*id.uid)
	}
	c.dir = c.host.folder(c.spec)
	c.layout, err = layoutOf(c.spec, c.host.around(c.dir))
	if err != nil {
		return err
	}
	c.host.warnOf(c.spec, c.layout, c.dir)
	if err := c.makePlaces(id); err != nil {
		return err
	}
	env := id.environment(c.layout)
	if c.notify != nil {
		env["NOTIFY_SOCKET"] = c.notify.Path()
	}
	c.tellServed(env)
	label := fmt.Sprintf("%s.%d/%d", c.spec.service.Name, c.spec.generation, c.spec.index)
	k.spawn = keeper.Spawn{
		Name: c.spec.id, Label: label, Mark: label,
		Plan: stagePlan(c.spec, c.layout, id, c.layout.resolved.Command, env),
	}
	c.layout.bind(&k.spawn.Plan)
	c.between = k.spawn.Plan.Parent
	return c.descriptors(k)
}

// makePlaces makes the worker's own folder with the sockets in it, and its notify socket.
func (c *child) makePlaces(id identity) error {
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("cannot clear runtime folder: %w", err)
	}
	if err := c.host.makeFolder(c.dir); err != nil {
		return fmt.Errorf("cannot make runtime folder: %w", err)
	}
	if err := c.fillFolder(id); err != nil {
		return err
	}
	var err error
	c.notify, err = notify.Listen(notify.Place(c.dir), c.uid)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil // the worker is ready without words
	}
	if err != nil || !outlived {
		return err
	}
	f, err := c.notify.File()
	if err != nil {
		return err
	}
	defer f.Close()
	return c.hold(notifyPart, f)
}

// fillFolder opens the sockets in the worker's folder and gives that away after it: until then nobody else can put another file at their
// paths, which would then be given away.
func (c *child) fillFolder(id identity) error {
	err := c.openServed()
	if err == nil && id.uid != nil && id.gid != nil {
		if err = os.Lchown(c.dir, int(*id.uid), int(*id.gid)); err != nil {
			err = fmt.Errorf("cannot give runtime folder to the worker: %w", err)
		}
	}
	if id.uid != nil && errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("cannot run service %q as user %q: supervise must be started as root for that", c.spec.service.Name, c.spec.service.User)
	}
	return err
}

// descriptors lists the descriptors of the worker: sockets, output, what was stored for it, channels.
func (c *child) descriptors(k *kit) error {
	for _, n := range c.layout.handoff.Numbers {
		if n.Socket >= len(c.spec.leases) {
			return fmt.Errorf("listener %q of generation %d is lost (restart the service)", c.spec.service.Listeners[n.Socket], c.spec.generation)
		}
		socket, err := c.spec.leases[n.Socket].Open(c.spec.index)
		if err != nil {
			return err
		}
		k.spawn.Files = append(k.spawn.Files, keeper.File{Number: n.FD, Descriptor: socket.Descriptor()})
	}
	if c.spec.service.Ready.When == "log" {
		c.matchLines()
	}
	if err := c.outputs(k); err != nil {
		return err
	}
	c.giveStored(k)
	return errors.Join(c.openChannels(k), c.openAdopt(k))
}

// signal implements process.
func (c *child) signal(sig syscall.Signal) error {
	c.signalled.Store(true)
	if c.background.Load() {
		return c.signalBackground(sig)
	}
	err := c.host.keeper.Signal(c.process.ID, c.parent().Address(sig))
	if errors.Is(err, os.ErrProcessDone) {
		return nil // its exit is on the way to the service
	}
	return err
}

// kill implements process. The keeper returns only when the tree is gone.
func (c *child) kill() {
	go func() {
		err := c.host.keeper.Kill(c.process.ID)
		if err != nil && !errors.Is(err, keeper.ErrUnknown) {
			c.host.log.Warn("process tree not killed", "service", c.spec.service.Name, "generation", c.spec.generation, "pid", c.process.PID, "error", err)
		}
	}()
}

// follow implements process.
func (c *child) follow(pid int) error {
	err := c.host.keeper.Follow(c.process.ID, pid)
	if err == nil {
		c.main = pid
	}
	return err
}

// known implements process.
func (c *child) known() keeper.Process { return c.process }

// parent is the small parent that is the main process of the worker; nil: the worker itself is.
func (c *child) parent() *stage.Parent {
	if cmp.Or(c.main, c.process.PID) != c.process.Root {
		return nil
	}
	return c.between
}

// release implements process.
func (c *child) release() {
	close(c.over)
	if c.process.ID != 0 {
		_ = c.host.keeper.Forget(c.process.ID)
	}
	if c.notify != nil {
		c.notify.Close()
	}
	c.closeServed()
	c.asked.close()
	c.letGo()
	if c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
}

// listen hands on what the worker says over its NOTIFY_SOCKET, until that is closed. A message leaves the socket when the
// service has taken it in and saved that: a manager that is killed before has the next one read it again.
func (c *child) listen() {
	for {
		m, err := c.notify.Peek()
		var refused *notify.RefusedError
		switch {
		case errors.As(err, &refused):
			c.tell(happening{kind: ignored, pid: refused.PID, err: refused})
		case err != nil:
			return
		default:
			c.hear(m)
		}
		if c.notify.Discard() != nil {
			return
		}
	}
}

// hear passes a message on if it comes from the worker's own process tree. A sender that is gone already can no longer be
// placed in a tree: there the user must do, on a socket that nobody else was told of.
func (c *child) hear(m notify.Message) {
	if c.process.Tree().Contains(m.PID) || !alive(m.PID) && (m.UID == c.uid || m.UID == 0) {
		c.tellAndWait(happening{kind: said, message: m})
		return
	}
	m.Close()
	user := fmt.Sprintf(" (user %d)", m.UID)
	if m.UID < 0 { // Windows
		user = ""
	}
	c.tell(happening{kind: ignored, pid: m.PID, err: fmt.Errorf("process %d%s is not of the worker's process tree", m.PID, user)})
}

// tellAndWait returns when what was told has been taken in and saved, or the worker is over.
func (c *child) tellAndWait(h happening) {
	done := make(chan struct{})
	h.done = func() { close(done) }
	c.tell(h)
	select {
	case <-done:
	case <-c.over:
	}
}
