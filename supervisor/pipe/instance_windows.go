package pipe

import (
	"fmt"
	"strings"

	"golang.org/x/sys/windows"
)

// quota is how much the kernel keeps of what was written and not read, in bytes and each direction.
const quota = 64 << 10

// maker makes the instances of one pipe.
type maker struct {
	path     *uint16
	security *windows.SecurityAttributes
	messages bool
}

func newMaker(path string, group string, messages bool) (*maker, error) {
	if !IsPath(path) || strings.ContainsRune(path[len(Prefix):], '\\') || len(path) > 256 {
		return nil, fmt.Errorf("it is no name of a pipe (%sNAME, without further backslashes, up to 256 bytes)", Prefix)
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	access, err := accessList(group)
	if err != nil {
		return nil, err
	}
	security := &windows.SecurityAttributes{SecurityDescriptor: access}
	security.Length = sizeOfAttributes
	return &maker{path: name, security: security, messages: messages}, nil
}

// make makes an instance; the first one only where no other process has one of that path (CreateNamedPipe).
func (m *maker) make(first bool) (windows.Handle, error) {
	if first && m.exists() {
		return 0, errInUse
	}
	open := uint32(windows.PIPE_ACCESS_DUPLEX | windows.FILE_FLAG_OVERLAPPED)
	if first {
		open |= windows.FILE_FLAG_FIRST_PIPE_INSTANCE
	}
	mode := uint32(windows.PIPE_TYPE_BYTE | windows.PIPE_READMODE_BYTE | windows.PIPE_REJECT_REMOTE_CLIENTS)
	if m.messages {
		mode = windows.PIPE_TYPE_MESSAGE | windows.PIPE_READMODE_MESSAGE | windows.PIPE_REJECT_REMOTE_CLIENTS
	}
	h, err := windows.CreateNamedPipe(m.path, open, mode, windows.PIPE_UNLIMITED_INSTANCES, quota, quota, 0, m.security)
	if err == windows.ERROR_ACCESS_DENIED && first && m.exists() {
		return 0, errInUse // since we looked
	}
	return h, err
}

// exists is whether there is a pipe of that path, of anybody's.
func (m *maker) exists() bool {
	err := waitNamedPipe(m.path, 1)
	return err == nil || err == windows.ERROR_SEM_TIMEOUT || err == windows.ERROR_ACCESS_DENIED
}

// instance is an end that waits for a client.
type instance struct {
	handle windows.Handle
	op     *overlap
}

// await makes an instance that waits.
func (m *maker) await(first bool) (*instance, error) {
	h, err := m.make(first)
	if err != nil {
		return nil, err
	}
	op, err := newOverlap()
	if err != nil {
		_ = windows.CloseHandle(h)
		return nil, err
	}
	i := &instance{handle: h, op: op}
	i.listen()
	return i, nil
}

// listen begins to wait for a client.
func (i *instance) listen() {
	i.op.begin(func(o *windows.Overlapped, _ *uint32) error { return windows.ConnectNamedPipe(i.handle, o) })
}

// connected is whether a client has come. One that came before we waited, and even one that has written and is gone already,
// has come (ConnectNamedPipe).
func (i *instance) connected(cancel bool) bool {
	switch _, err := i.op.end(i.handle, cancel); err {
	case nil, windows.ERROR_PIPE_CONNECTED, windows.ERROR_NO_DATA:
		return true
	}
	return false
}

// close ends what is going on, and the instance.
func (i *instance) close() {
	_, _ = i.op.end(i.handle, true)
	_ = windows.CloseHandle(i.handle)
	i.op.close()
}
