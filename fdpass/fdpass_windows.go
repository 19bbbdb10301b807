package fdpass

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// errUnsupported is what every operation answers here.
var errUnsupported = errors.New("listeners are not supported on windows yet")

type socketFile struct{}

func (*socketFile) restore() (bool, error) { return false, errUnsupported }
func (*socketFile) remove()                {}

type watcher struct{ out chan WatchEvent }

func newWatcher() (*Watcher, error)  { return nil, errUnsupported }
func (w *watcher) add(*Socket) error { return errUnsupported }
func (w *watcher) remove(*Socket)    {}
func (w *watcher) close() error      { return errUnsupported }

func closeOnExec(int)                                   {}
func closeFD(int) error                                 { return errUnsupported }
func lingers(int) bool                                  { return false }
func setNonblock(int, bool) error                       { return errUnsupported }
func duplicate(int) (int, error)                        { return -1, errUnsupported }
func duplicateRaw(syscall.RawConn) (*Descriptor, error) { return nil, errUnsupported }
func pipe() (*os.File, *Descriptor, error)              { return nil, nil, errUnsupported }

func open(Spec) (*Socket, error) { return nil, errUnsupported }

// restore still keeps the promise that it owns d.
func restore(_ Spec, d *Descriptor) (*Socket, error) {
	_ = d.Close()
	return nil, errUnsupported
}

func (*Socket) ownPath(int) error { return errUnsupported }

func recoverSocket(id Identity, d *Descriptor) (*Socket, error) { return restore(id.Spec, d) }

func readState(int, Address) (State, error) { return State{}, errUnsupported }
func relisten(*Socket) error                { return errUnsupported }
func another(*Socket) (*Socket, error)      { return nil, errUnsupported }
func join(_ Spec, d *Descriptor) (*Socket, error) {
	_ = d.Close()
	return nil, errUnsupported
}
func reopen(*Socket) error                   { return errUnsupported }
func reconfigure(*Socket, Spec) error        { return errUnsupported }
func pause(*Socket, bool) error              { return errUnsupported }
func systemMaxBacklog() int                  { return 0 }
func sweep(Address) error                    { return errUnsupported }
func holders(Address) ([]Holder, error)      { return nil, errUnsupported }
func send(*net.UnixConn, []Named) error      { return errUnsupported }
func receive(*net.UnixConn) ([]Named, error) { return nil, errUnsupported }
func matches(*Descriptor, Spec) bool         { return false }

func writeMessage(*net.UnixConn, []byte, []Named) error { return errUnsupported }
func readMessage(*net.UnixConn, int) ([]byte, []*Descriptor, error) {
	return nil, nil, errUnsupported
}
func describe(int) (Address, error)           { return Address{}, errUnsupported }
func deviceOf(int) (string, error)            { return "", errUnsupported }
func takeFrom(int, Spec) (*Descriptor, error) { return nil, errUnsupported }

func takeGiven(names []string) ([]Named, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return nil, errUnsupported
}
