package fdpass

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// errNamespace tells a socket elsewhere from one that there is not.
var errNamespace = errors.New("it is in another network namespace")

func checkPlace(fd int, spec Spec) error {
	if spec.Address.hasFile() { // a path is the same socket from every namespace
		return nil
	}
	if !inOurNamespace(fd) {
		return errNamespace
	}
	device, err := deviceOf(fd)
	if wanted := spec.Options.BindDevice; err == nil && device != wanted {
		if device == "" {
			return fmt.Errorf("it is bound to no interface, expected was %q", wanted)
		}
		return fmt.Errorf("it is bound to interface %q", device)
	}
	return nil
}

// inOurNamespace compares with a socket of our own by SO_NETNS_COOKIE, for which no capability is needed. Kernels before 5.14 do not tell.
func inOurNamespace(fd int) bool {
	theirs, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	if err != nil {
		return true
	}
	own, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer unix.Close(own)
	ours, err := unix.GetsockoptUint64(own, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	return err != nil || ours == theirs
}
