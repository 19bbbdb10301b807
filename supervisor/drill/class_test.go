package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestClassify(t *testing.T) {
	in := func(errno syscall.Errno) error {
		return &net.OpError{Op: "read", Err: os.NewSyscallError("read", errno)}
	}
	for errno, want := range errnoClasses {
		if got := classify(in(errno)); got != want {
			t.Errorf("classify(%v) = %v, want %v", errno, got, want)
		}
	}
	for _, c := range []struct {
		err  error
		want class
	}{
		{nil, ok},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, timeout},
		{fmt.Errorf("the backlog stayed full: %w", context.DeadlineExceeded), timeout},
		{io.EOF, eof},
		{io.ErrUnexpectedEOF, eof},
		{errors.New("read: connection reset by peer"), other}, // a text proves nothing
	} {
		if got := classify(c.err); got != c.want {
			t.Errorf("classify(%v) = %v, want %v", c.err, got, c.want)
		}
	}
}

func TestIsLocal(t *testing.T) {
	for errno, want := range errnoLocal {
		if got := isLocal(os.NewSyscallError("connect", errno)); got != want {
			t.Errorf("isLocal(%v) = %v, want %v", errno, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	err := fmt.Errorf("wrapped: %w", &net.OpError{Op: "read", Net: "tcp", Source: at, Addr: at, Err: os.NewSyscallError("read", errnoReset)})
	if got, want := words(err), "read: read: "+errnoReset.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := words(io.EOF); got != "EOF" {
		t.Errorf("got %q", got)
	}
}
