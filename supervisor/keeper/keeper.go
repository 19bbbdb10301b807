package keeper

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/cgroup"
	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// ID names a worker of one keeper. It is never used again.
type ID uint64

// Keeper owns descriptors and children. All methods may be called at the same
// time from any goroutine; after Close they return an error for which
// errors.Is(err, os.ErrClosed) holds.
type Keeper interface {
	// Hold keeps a duplicate of d under name, in place of what was kept under it;
	// the caller still owns d. When it fails, the old one is still kept.
	Hold(name string, d *fdpass.Descriptor) error
	// Save keeps a text of any size under name, in place of what was kept under it:
	// all of it or, when it fails, the old one.
	Save(name string, text []byte) error
	// Drop lets go of what is kept under name. A name that is not kept is no error.
	Drop(name string) error
	// Inventory is everything kept and every worker not forgotten: what the one who
	// decides begins with. The caller closes it.
	Inventory() (Inventory, error)

	// Spawn starts a worker and returns when its command has been exec'd. When it
	// could not be, nothing is left of it, and errors.As finds the *stage.Failure
	// if the plan was to blame.
	Spawn(s Spawn) (Process, error)
	// Signal sends sig to the main process. For one that is gone the error is
	// os.ErrProcessDone. On Windows SIGTERM sets the worker's stop event, or is Ctrl-Break
	// for one that has not opened it; SIGINT is Ctrl-Break; SIGKILL and
	// SIGABRT end it; there are no others.
	Signal(id ID, sig syscall.Signal) error
	// Kill sends SIGKILL to all processes of the worker, also those that left its
	// session, until none is left; with a control group, that is all in it; also when the main process is gone already,
	// until Forget. It returns when they are gone, or an error after some seconds.
	Kill(id ID) error
	// Follow makes pid, which must belong to the worker, its main process (MAINPID
	// of sd_notify(3)): its exit is the worker's exit from now on.
	Follow(id ID, pid int) error
	// Wait blocks until the main process is gone. Any number may wait, also afterwards.
	Wait(id ID) (Exit, error)
	// Forget acknowledges the exit of a worker and releases all that is known of it.
	Forget(id ID) error
	// Close ends this use of the keeper and unblocks Wait with an error. It ends no
	// worker. What is kept goes with it only if the keeper is inside this process.
	Close() error
}

// Spawn says what to start.
type Spawn struct {
	// Name is what Inventory calls the worker, for whoever decides next. At most 255
	// bytes of printable text; may be empty.
	Name string
	// Label names the worker in errors: "app generation 2 worker 0".
	Label string
	// Mark is a part of the mark in the worker's environment by which processes that
	// escape are found (see proctree); the keeper makes it unique. May be empty.
	Mark string
	// Plan is what the stage carries out. The keeper fills in Numbers from Files.
	Plan stage.Plan
	// Group is the control group that the worker is born in, and nothing else; nil:
	// that of the keeper. It is removed with Forget, and stays the caller's when Spawn
	// fails.
	Group *cgroup.Group
	// Limits bound the worker on Windows, where there are no control groups. Elsewhere
	// they mean nothing: those of Group hold.
	Limits Limits
	// Files are the descriptors of the worker, in any order. 0, 1 and 2 that are not
	// listed are /dev/null; nothing else is open. On Windows all others keep the value
	// that they have here, whatever their number.
	Files []File
}

// Limits bound a worker and its descendants together, by a job object.
type Limits struct {
	Memory uint64  // bytes of committed memory; 0: no limit
	CPU    float64 // processors; 0: no limit
	PIDs   int     // processes; 0: no limit
}

// File is one descriptor of a worker: exactly one of Held and Descriptor is set.
type File struct {
	Number     int                // in the worker
	Held       string             // the name of what the keeper holds
	Descriptor *fdpass.Descriptor // stays the caller's; needed until Spawn returns
}

// Process is a worker that was started.
type Process struct {
	ID        ID
	Name      string    // as in Spawn
	PID       int       // of the main process: after Follow the followed one
	Root      int       // pid of the process that was spawned, whose descendants are the worker
	StartedAt time.Time // when its command was run, or shortly before
	Group     string    // path of its control group; "" without one
	Job       string    // name of its job object; "" but on Windows
}

// Tree is how the processes of the worker are recognised.
func (p Process) Tree() proctree.Tree {
	t := proctree.Of(p.Root)
	t.Group, t.Job = p.Group, p.Job
	return t
}

// ErrUnknown is the reason when an ID names no worker, or one that is forgotten.
var ErrUnknown = errors.New("there is no such worker")

// errClosed is what everything returns after Close.
var errClosed = fmt.Errorf("cannot use the keeper: %w", os.ErrClosed)
