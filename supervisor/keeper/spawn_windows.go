package keeper

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor/proctree"
	"github.com/seed-da40d5ac/supervise/supervisor/stage"
)

// NewLocal makes a keeper inside this process. Workers are started directly, so there is no use for executable. They end with
// the keeper, also when it is closed or this process is killed: the last handle of a worker's job is here. The caller closes it.
func NewLocal(executable string) (*Local, error) { return newLocal(executable), nil }

// forker is the source of workers that are children of this process.
type forker struct {
	executable string                                   // of this program; nobody needs it
	held       func(string) (*fdpass.Descriptor, error) // finds what is kept; it stays the shelf's
	last       atomic.Uint64                            // ID given out
	waits      waits                                    // that processes end
	shortages  shortages                                // that jobs are refused memory
}

// Spawn starts a worker and returns when its program has been loaded.
func (c *core) Spawn(s Spawn) (Process, error) {
	if err := checkWorkerName(s.Name); err != nil {
		return Process{}, err
	}
	n, err := c.fork(s, "", ends{})
	if err != nil {
		return Process{}, err
	}
	job := n.handle.(*process).job.name
	p := Process{ID: n.id, Name: s.Name, PID: n.pid, Root: n.pid, StartedAt: n.at, Job: job}
	if err := c.register(newWorker(p, s.Label, p.Tree(), n.handle)); err != nil {
		n.handle.close() // and so ends it
		return Process{}, err
	}
	return p, nil
}

// fork starts the worker.
func (f *forker) fork(s Spawn, _ string, _ ends) (newborn, error) {
	stop, err := newStop()
	if err != nil {
		return newborn{}, fmt.Errorf("cannot make the stop event of a worker: %w", err)
	}
	p, err := f.forkStoppable(s, stop)
	if err != nil {
		stop.close()
		return newborn{}, err
	}
	return newborn{id: ID(f.last.Add(1)), pid: p.pid, handle: p, at: time.Now()}, nil
}

// forkStoppable starts a worker that is told of stop, which its process then owns.
func (f *forker) forkStoppable(s Spawn, stop *stop) (*process, error) {
	s.Plan.Env = slices.Concat(slices.DeleteFunc(slices.Clone(s.Plan.Env), foreign), []string{stopVariable + "=" + stop.name})
	launch, err := s.Plan.Launch()
	if err != nil {
		return nil, err
	}
	job, err := newJob(s.Limits, &f.shortages)
	if err != nil {
		return nil, err
	}
	p, err := f.start(s, launch, job)
	if err != nil {
		job.close()
		return nil, err
	}
	p.stop = stop
	return p, nil
}

// foreign tells what of an environment is not for a worker: the mark of another, and the working folders of
// other drives, "=C:=C:\folder", that cmd.exe keeps there.
func foreign(entry string) bool { return proctree.IsMark(entry) || strings.HasPrefix(entry, "=") }

// start creates the process, in the job from its first instruction on.
func (f *forker) start(s Spawn, launch *stage.Launch, job *job) (*process, error) {
	list, err := f.findAll(s.Files)
	if err != nil {
		return nil, err
	}
	var p *process
	err = useHandles(list, func(handles []windows.Handle) error {
		given, err := newGiven(s.Files, handles)
		if err != nil {
			return fmt.Errorf("cannot give descriptors: %w", err)
		}
		defer given.close()
		info, err := create(launch, given, job)
		if err != nil {
			return launch.Explain(err)
		}
		_ = windows.CloseHandle(info.Thread)
		p, err = newProcess(info, job, &f.waits)
		return err
	})
	return p, err
}

// findAll finds the descriptors of a worker.
func (f *forker) findAll(files []File) ([]*fdpass.Descriptor, error) {
	list := make([]*fdpass.Descriptor, len(files))
	for i, file := range files {
		d, err := file.find(f.held)
		if err != nil {
			return nil, fmt.Errorf("cannot give descriptor %d: %w", file.Number, err)
		}
		list[i] = d
	}
	return list, nil
}

// useHandles runs f with the handles of all descriptors, which stay open until it returns.
func useHandles(list []*fdpass.Descriptor, f func([]windows.Handle) error, handles ...windows.Handle) error {
	if len(list) == 0 {
		return f(handles)
	}
	var inner error
	err := list[0].Use(func(fd int) error {
		inner = useHandles(list[1:], f, append(handles, windows.Handle(fd))...)
		return inner
	})
	if err != nil && inner == nil {
		return fmt.Errorf("cannot give a descriptor: %w", err)
	}
	return err
}

// createFlags: a process group of its own keeps the Ctrl-C of the console for supervise, and makes the worker's pid
// the address of its Ctrl-Break (GenerateConsoleCtrlEvent).
const createFlags = windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_UNICODE_ENVIRONMENT | windows.EXTENDED_STARTUPINFO_PRESENT

// jobList is PROC_THREAD_ATTRIBUTE_JOB_LIST (UpdateProcThreadAttribute): the jobs that a process is born in.
const jobList = 0x0002000d

// create calls CreateProcess. What the attributes point to must stay until then.
func create(launch *stage.Launch, given *given, job *job) (*windows.ProcessInformation, error) {
	attributes, err := windows.NewProcThreadAttributeList(2)
	if err != nil {
		return nil, err
	}
	defer attributes.Delete()
	jobs := []windows.Handle{job.handle}
	if err := update(attributes, jobList, jobs); err != nil {
		return nil, err
	}
	if err := update(attributes, windows.PROC_THREAD_ATTRIBUTE_HANDLE_LIST, given.all()); err != nil {
		return nil, err
	}
	start := given.startup()
	start.ProcThreadAttributeList = attributes.List()
	info := new(windows.ProcessInformation)
	texts, err := utf16(launch.File, launch.CommandLine, launch.Directory)
	if err != nil {
		return nil, err
	}
	err = given.inheritable(func() error {
		return windows.CreateProcess(texts[0], texts[1], nil, nil, true, createFlags|launch.Priority, &launch.Env[0], texts[2], &start.StartupInfo, info)
	})
	return info, err
}

func update(attributes *windows.ProcThreadAttributeListContainer, which uintptr, handles []windows.Handle) error {
	return attributes.Update(which, unsafe.Pointer(&handles[0]), uintptr(len(handles))*unsafe.Sizeof(handles[0]))
}

func utf16(list ...string) (pointers []*uint16, err error) {
	for _, s := range list {
		p, err := windows.UTF16PtrFromString(s)
		if err != nil {
			return nil, err
		}
		pointers = append(pointers, p)
	}
	return pointers, nil
}

// unique names a kernel object so that nobody can guess it; that of this logon session (Local\).
func unique(kind string) string { return `Local\supervise-` + kind + rand.Text() }

func openHandle(int) (handle, error) { return nil, errFollow }

var errFollow = errors.New("following another process is not supported on windows")
