package keeper

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// remote is the handle of a process that is not our child: we signal it and see
// its end by pidfd, how it ended only its parent can ask.
type remote struct {
	*pidFD
	client *Client
	id     ID
	pid    int
}

// newRemote owns the pidfd.
func (c *Client) newRemote(pidfd *fdpass.Descriptor, id ID, pid int) (*remote, error) {
	defer pidfd.Close()
	dup := -1
	err := pidfd.Use(func(fd int) (err error) {
		dup, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &remote{newPidFD(dup), c, id, pid}, nil
}

func (r *remote) wait() (Exit, error) {
	if err := r.await(isReadable); err != nil {
		return Exit{}, err
	}
	answer, err := r.client.call(request{Kind: "exit", ID: r.id, PID: r.pid}, nil)
	closeAll(answer.beside)
	if errors.Is(err, ErrUnknown) { // forgotten meanwhile
		return Exit{Unknown: true, At: time.Now()}, nil
	}
	if err != nil || answer.Exit == nil {
		return Exit{}, errors.Join(err, errPacket)
	}
	e := answer.Exit
	return Exit{Code: e.Code, Signal: syscall.Signal(e.Signal), CoreDumped: e.CoreDumped, Unknown: e.Unknown, At: time.Now()}, nil
}

// signal asks first: as long as the keeper remembers the exit, the kernel takes
// signals for the zombie.
func (r *remote) signal(sig syscall.Signal) error {
	var gone bool
	err := r.use(func(fd int) (err error) {
		gone, err = isReadable(fd)
		return err
	})
	if err == nil && gone {
		return os.ErrProcessDone
	}
	return errors.Join(err, r.pidFD.signal(sig))
}

// reap has the parent do it.
func (r *remote) reap() { _ = r.client.do(request{Kind: "forget", ID: r.id}) }

// open makes a handle of a process of worker id.
func (c *Client) open(id ID, pid int) (handle, error) {
	h, err := openHandle(pid)
	if err != nil {
		return nil, err
	}
	return &remote{h.(*pidFD), c, id, pid}, nil
}

// follow has the keeper not reap the process either, should it become its child.
func (c *Client) follow(id ID, h handle) error {
	if h == nil {
		return c.do(request{Kind: "follow", ID: id})
	}
	return h.(*remote).use(func(fd int) error {
		r, err := c.call(request{Kind: "follow", ID: id}, []int{fd})
		closeAll(r.beside)
		return err
	})
}

// fork has the keeper start the stage: from this program, with everything ready.
func (c *Client) fork(s Spawn, mark string, ends ends) (newborn, error) {
	q := request{Kind: "spawn", Name: s.Name, Label: s.Label, Mark: mark}
	beside := []*fdpass.Descriptor{c.program}
	for _, f := range s.Files {
		if (f.Held == "") == (f.Descriptor == nil) {
			return newborn{}, fmt.Errorf("cannot give descriptor %d: one of a held name and a descriptor must be given", f.Number)
		}
		q.Files = append(q.Files, f.Held)
		if f.Descriptor != nil {
			beside = append(beside, f.Descriptor)
		}
	}
	if s.Group != nil && !c.groups.Load() {
		return newborn{}, errors.New("cannot start a worker in a group: the keeper is of an earlier version (it will be of this one when the upgrade is complete)")
	}
	q.Group = pathOf(s.Group)
	var r result
	err := useAll(beside, nil, func(fds []int) error {
		return useGroup(s.Group, func(group int) (err error) {
			own := []int{fds[0], ends.plan, ends.status}
			if group != noGroup {
				own = append(own, group)
			}
			r, err = c.call(q, append(own, fds[1:]...))
			return err
		})
	})
	if err != nil {
		closeAll(r.beside)
		return newborn{}, fmt.Errorf("cannot start a worker: %w", err)
	}
	if len(r.Workers) != 1 || len(r.beside) != 1 {
		closeAll(r.beside)
		return newborn{}, errPacket
	}
	w := r.Workers[0]
	h, err := c.newRemote(r.beside[0], w.ID, w.PID)
	return newborn{id: w.ID, pid: w.PID, handle: h, at: w.Started}, err
}

// Hold keeps a duplicate of d under name; the caller still owns d.
func (c *Client) Hold(name string, d *fdpass.Descriptor) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("cannot hold a descriptor: %w", err)
	}
	if err := c.do(request{Kind: "hold", Name: name}, d); err != nil {
		return fmt.Errorf("cannot hold %q: %w", name, err)
	}
	return nil
}

// Save keeps a text under name. When it returns, the text outlives this process.
func (c *Client) Save(name string, text []byte) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("cannot save a text: %w", err)
	}
	err := errors.New("it is too long")
	if len(text) <= maxText {
		err = c.save(name, text)
	}
	if err != nil {
		return fmt.Errorf("cannot save %q: %w", name, err)
	}
	return nil
}

func (c *Client) save(name string, text []byte) error {
	fd, err := memoryFile("text", text)
	if err != nil {
		return err
	}
	d := fdpass.NewDescriptor(fd)
	defer d.Close()
	return c.do(request{Kind: "save", Name: name}, d)
}

// Drop lets go of what is kept under name.
func (c *Client) Drop(name string) error {
	if err := c.do(request{Kind: "drop", Name: name}); err != nil {
		return fmt.Errorf("cannot drop %q: %w", name, err)
	}
	return nil
}

// Inventory is everything kept and every worker not forgotten, also those of managers
// before this one, which Wait, Kill and the like work on from here on.
func (c *Client) Inventory() (Inventory, error) {
	i := Inventory{Texts: make(map[string][]byte)}
	err := errors.Join(c.listKept(&i), c.listWorkers(&i))
	if err != nil {
		i.Close()
		return Inventory{}, fmt.Errorf("cannot list what the keeper has: %w", err)
	}
	i.sort()
	return i, nil
}

func (c *Client) listKept(i *Inventory) error {
	q := request{Kind: "kept"}
	for {
		r, err := c.call(q, nil)
		if err == nil && len(r.Kept) > 0 && r.Kept[0].Stuck { // it is alone
			q.Name = r.Kept[0].Name
			i.Stuck = append(i.Stuck, q.Name)
			r.Kept = r.Kept[1:]
			r.More = true
		} else if err == nil && len(r.Kept) == 0 {
			r.More = false
		}
		if err == nil && len(r.Kept) != len(r.beside) {
			err = errPacket
		}
		if err != nil {
			closeAll(r.beside)
			return err
		}
		for n, k := range r.Kept {
			q.Name = k.Name
			if !k.Text {
				i.Descriptors = append(i.Descriptors, fdpass.Named{Name: k.Name, Descriptor: r.beside[n]})
			} else if i.Texts[k.Name], err = readText(r.beside[n]); err != nil {
				closeAll(r.beside[n+1:])
				return fmt.Errorf("cannot read %q: %w", k.Name, err)
			}
		}
		if !r.More {
			return nil
		}
	}
}

// readText owns d.
func readText(d *fdpass.Descriptor) (text []byte, err error) {
	defer d.Close()
	err = d.Use(func(fd int) (err error) {
		text, err = readMemory(fd, maxText)
		return err
	})
	return text, err
}

func (c *Client) listWorkers(i *Inventory) error {
	q := request{Kind: "workers"}
	for {
		r, err := c.call(q, nil)
		if err == nil {
			err = c.adopt(r, i)
		}
		if err != nil {
			closeAll(r.beside)
			return err
		}
		if !r.More || len(r.Workers) == 0 {
			return nil
		}
		q.ID = r.Workers[len(r.Workers)-1].ID
	}
}

// adopt makes the workers of one page known here.
func (c *Client) adopt(r result, i *Inventory) error {
	pidfds := r.beside
	for _, w := range r.Workers {
		count := 1
		if w.Followed > 0 {
			count = 2
		}
		if len(pidfds) < count {
			return errPacket
		}
		p, err := c.adoptOne(w, pidfds[:count])
		if err != nil {
			return err
		}
		pidfds = pidfds[count:]
		i.Workers = append(i.Workers, p)
	}
	if len(pidfds) > 0 {
		return errPacket
	}
	return nil
}

// adoptOne owns the pidfds: of the first process, and of the one it follows if any.
// Its first process was never reaped, so its pid means it, alive or not.
func (c *Client) adoptOne(w wireWorker, pidfds []*fdpass.Descriptor) (Process, error) {
	p := Process{ID: w.ID, Name: w.Name, PID: w.PID, Root: w.PID, StartedAt: w.Started, Group: w.Group}
	leader, err := c.newRemote(pidfds[0], w.ID, w.PID)
	if err != nil {
		return p, err
	}
	tree := p.Tree()
	tree.Mark = w.Mark
	label := w.Label
	if label == "" {
		label = w.Name
	}
	adopted := newWorker(p, label, tree, leader)
	if w.Followed > 0 {
		main, err := c.newRemote(pidfds[1], w.ID, w.Followed)
		if err != nil {
			leader.close()
			return p, err
		}
		adopted.main, adopted.process.PID = main, w.Followed
		p.PID = w.Followed
	}
	return p, c.register(adopted)
}
