package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// maxPIDFile is more than a number and white space need, in bytes.
const maxPIDFile = 64

// readPID reads what daemons write about themselves: a number in decimal, and a newline mostly.
func readPID(ctx context.Context, path string) (int, error) {
	text, err := readSmall(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, missing(err)
	}
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || pid < 1 || len(text) > maxPIDFile {
		return 0, fmt.Errorf("there is no process number in %q", path)
	}
	return pid, nil
}

// readSmall reads at most one byte more than a pid file may have. The folder may be of a user whom nobody trusts, so that anything
// can lie there: a FIFO, which would have open(2) wait, or a link to an endless device.
func readSmall(ctx context.Context, path string) ([]byte, error) {
	if err := regular(os.Stat(path)); err != nil { // before it is opened: a device may do something then
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := regular(f.Stat()); err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = f.SetReadDeadline(deadline) // a file of /proc may wait, all others have none
	}
	return io.ReadAll(io.LimitReader(f, maxPIDFile+1))
}

func regular(info fs.FileInfo, err error) error {
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%q is no regular file", info.Name())
	}
	return err
}
