package fdpass

import (
	"errors"
	"fmt"
	"net"

	"golang.org/x/sys/windows"
)

// errUnsupported is what the operations answer that Windows has nothing for.
var errUnsupported = errors.New("not supported on windows")

// socketFile: no listener has a file here.
type socketFile struct{}

func (*socketFile) restore() (bool, error) { return false, errUnsupported }
func (*socketFile) remove()                {}
func (*Socket) ownPath(int) error          { return errUnsupported }
func sweep(Address) error                  { return nil }

type watcher struct{ out chan WatchEvent }

func newWatcher() (*Watcher, error) {
	return nil, fmt.Errorf("watching listeners is %w", errUnsupported)
}
func (w *watcher) add(*Socket) error { return errUnsupported }
func (w *watcher) remove(*Socket)    {}
func (w *watcher) close() error      { return errUnsupported }

func another(s *Socket) (*Socket, error) { return nil, newOpenError(s.Spec(), "join", errUnsupported) }

func join(spec Spec, d *Descriptor) (*Socket, error) {
	_ = d.Close()
	return nil, newOpenError(spec, "join", errUnsupported)
}

func pause(s *Socket, _ bool) error { return newOpenError(s.Spec(), "pause", errUnsupported) }

func deviceOf(int) (string, error) {
	return "", fmt.Errorf("binding to a network interface is %w", errUnsupported)
}

func takeFrom(pid int, spec Spec) (*Descriptor, error) {
	return nil, fmt.Errorf("cannot take listener %q from process %d: taking sockets is %w", spec.Name, pid, errUnsupported)
}

// errDescriptors: there is no SCM_RIGHTS.
var errDescriptors = fmt.Errorf("sending descriptors over a unix socket is %w (use Export and Import)", errUnsupported)

func send(*net.UnixConn, []Named) error                             { return errDescriptors }
func receive(*net.UnixConn) ([]Named, error)                        { return nil, errDescriptors }
func writeMessage(*net.UnixConn, []byte, []Named) error             { return errDescriptors }
func readMessage(*net.UnixConn, int) ([]byte, []*Descriptor, error) { return nil, nil, errDescriptors }

// takeGiven: numbers from 3 on mean nothing here. Package worker takes handles.
func takeGiven(names []string) ([]Named, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return nil, fmt.Errorf("LISTEN_FDS is %w (LISTEN_HANDLES is)", errUnsupported)
}

// reopen: the address is free for a second socket only when every holder has closed the first, and a closed one refuses clients.
func reopen(s *Socket) error {
	return &OpenError{Name: s.Name(), Address: s.Address(), Op: "reopen", Err: windows.WSAEADDRINUSE,
		Cause: "windows lets no second socket bind beside the one that is there", Advice: "stop supervise and start it again"}
}
