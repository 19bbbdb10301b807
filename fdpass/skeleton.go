package fdpass

import (
	"net"
	"os"
	"syscall"
)

type socketFile struct{}
type watcher struct{}

func closeOnExec(fd int)                                         {}
func duplicateRaw(syscall.RawConn) (*Descriptor, error)          { return nil, errUnsupported }
func duplicate(fd int) (int, error)                              { return -1, errUnsupported }
func closeFD(fd int) error                                       { return errUnsupported }
func pipe() (*os.File, *Descriptor, error)                       { return nil, nil, errUnsupported }
func open(Spec) (*Socket, error)                                 { return nil, errUnsupported }
func restore(Spec, *Descriptor) (*Socket, error)                 { return nil, errUnsupported }
func readState(int, Address) (State, error)                      { return State{}, errUnsupported }
func relisten(*Socket) error                                     { return errUnsupported }
func reopen(*Socket) error                                       { return errUnsupported }
func setNonblock(int, bool) error                                { return errUnsupported }
func reconfigure(*Socket, Spec) error                            { return errUnsupported }
func pause(*Socket, bool) error                                  { return errUnsupported }
func restorePath(*Socket) (bool, error)                          { return false, errUnsupported }
func closeSocket(*Socket) error                                  { return errUnsupported }
func systemMaxBacklog() int                                      { return 0 }
func holders(Address) ([]Holder, error)                          { return nil, errUnsupported }
func send(*net.UnixConn, []Named) error                          { return errUnsupported }
func receive(*net.UnixConn) ([]Named, error)                     { return nil, errUnsupported }
func given(environ []string, pid int) ([]Named, []string, error) { return nil, environ, errUnsupported }
func match([]Named, Spec) int                                    { return -1 }
func needsReopen(Spec, Spec) []string                            { return nil }
func newWatcher() (*Watcher, error)                              { return nil, errUnsupported }
func (w *watcher) add(*Socket) error                             { return errUnsupported }
func (w *watcher) remove(*Socket)                                {}
func (w *watcher) events() <-chan WatchEvent                     { return nil }
func (w *watcher) close() error                                  { return errUnsupported }
