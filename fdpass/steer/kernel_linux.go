package steer

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// kernel is what a Group has attached.
type kernel struct {
	kind  Kind   // wanted
	now   Kind   // of the program that is attached; None: not ours
	shelf *shelf // of Extended
}

// The map of an earlier process is taken apart after a grace period of the kernel and in its background: mostly in some 20 ms, more on a
// busy machine. Whoever waits for it has steered already.
const (
	lookAgain = time.Millisecond
	looks     = 300
)

func openKernel(kind Kind) (kernel, error) {
	k := kernel{kind: kind}
	switch kind {
	case Classic:
		return k, nil
	case Extended:
		var err error
		k.shelf, err = openShelf()
		return k, err
	}
	return k, errors.New("cannot steer without a kind of program")
}

// join takes a socket that listens. Extended puts it into the map with the next program that is attached.
func (k *kernel) join(m Member) error {
	if !listens(m.Descriptor) {
		return errors.New("it does not listen")
	}
	return nil
}

func (k *kernel) left(key string) {
	if k.shelf != nil {
		delete(k.shelf.slots, key)
	}
}

func (k *kernel) attached() Kind { return k.now }

func (k *kernel) migrates() bool { return k.now == Extended || migrateRequests() }

func (k *kernel) close() error {
	if k.shelf == nil {
		return nil
	}
	return k.shelf.sockets.Close()
}

// attach makes the program for a choice and puts it in the place of the one that is attached.
func (k *kernel) attach(members []Member, c Choice) error {
	on, err := anyListening(members)
	if err != nil {
		return err
	}
	if k.kind == Classic {
		return k.attachClassic(on, members, c)
	}
	err = k.shelf.fill(members)
	if errors.Is(err, errElsewhere) {
		err = k.takeOver(on, members, c)
	}
	if errors.Is(err, errElsewhere) {
		return nil // classic, until a later Steer
	}
	if err != nil {
		return err
	}
	return k.attachExtended(on, c)
}

// takeOver steers by a classic program, so that the kernel lets go of the map of an earlier process, and waits for that.
func (k *kernel) takeOver(on *fdpass.Descriptor, members []Member, c Choice) error {
	if err := k.attachClassic(on, members, c); err != nil {
		return err
	}
	var err error
	for range looks {
		if err = k.shelf.fill(members); !errors.Is(err, errElsewhere) {
			break
		}
		time.Sleep(lookAgain)
	}
	return err
}

func (k *kernel) attachClassic(on *fdpass.Descriptor, members []Member, c Choice) error {
	places := make(map[string]uint32, len(members))
	for i, m := range members {
		places[m.Key] = uint32(i)
	}
	raw, err := bpf.Assemble(classicProgram(newRoute(c, func(key string) uint32 { return places[key] })))
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	program := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		program[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	err = on.Use(func(fd int) error {
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
	if err != nil {
		return os.NewSyscallError("setsockopt SO_ATTACH_REUSEPORT_CBPF", err)
	}
	k.now = Classic
	return nil
}

func (k *kernel) attachExtended(on *fdpass.Descriptor, c Choice) error {
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Name: "supervise", Type: ebpf.SkReuseport, License: "GPL",
		AttachType: ebpf.AttachSkReuseportSelectOrMigrate, Instructions: extendedProgram(newRoute(c, k.shelf.slot), k.shelf.sockets)})
	if err != nil {
		return fmt.Errorf("cannot load a program: %w", err)
	}
	defer program.Close() // the group keeps it
	err = on.Use(func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_EBPF, program.FD())
	})
	if err != nil {
		return os.NewSyscallError("setsockopt SO_ATTACH_REUSEPORT_EBPF", err)
	}
	k.now = Extended
	k.shelf.name(c)
	return nil
}

// anyListening gives a member to attach to. On a socket that does not listen the kernel would attach to a group of its own.
func anyListening(members []Member) (*fdpass.Descriptor, error) {
	for _, m := range members {
		if listens(m.Descriptor) {
			return m.Descriptor, nil
		}
	}
	return nil, errors.New("no member listens")
}

func listens(d *fdpass.Descriptor) bool {
	accepts := 0
	err := d.Use(func(fd int) (err error) {
		accepts, err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		return err
	})
	return err == nil && accepts == 1
}

// shutdown ends the listening of a socket for all that have it open (tcp(7)). ENOTCONN says that it is over already.
func shutdown(d *fdpass.Descriptor) error {
	err := d.Use(func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RD) })
	if errors.Is(err, unix.ENOTCONN) {
		return nil
	}
	return os.NewSyscallError("shutdown", err)
}

// migrateRequests reads net.ipv4.tcp_migrate_req of this network namespace; it is for IPv6 too.
func migrateRequests() bool {
	b, err := os.ReadFile("/proc/sys/net/ipv4/tcp_migrate_req")
	return err == nil && strings.TrimSpace(string(b)) == "1"
}
