package fdpass

import (
	"errors"

	"golang.org/x/sys/unix"
)

// maxUnixPath is sun_path of unix(7) without its final NUL.
const maxUnixPath = 107

// bindUnix binds to the path or abstract name. The mode is set on the socket before bind(2), which makes the file with
// it: no moment passes in which the file is open to more people than configured. bind(2) still takes the umask away, so
// the missing bits are added after.
func (o *opener) bindUnix() error {
	path := o.spec.Address.Path
	if len(path) > maxUnixPath {
		return unix.ENAMETOOLONG
	}
	if o.spec.Address.isAbstract() {
		return o.bindTo(o.fd, o.spec.Address)
	}
	if err := o.clear(path); err != nil {
		return err
	}
	if o.spec.Mode != 0 {
		if err := unix.Fchmod(o.fd, o.spec.Mode); err != nil {
			return o.fail("mode", err)
		}
	}
	if err := o.bindTo(o.fd, o.spec.Address); err != nil {
		return err
	}
	return o.own(path)
}

// clear makes room at path. The hidden name is looked at too: when its socket lives, another supervise has this path
// and would put it back.
func (o *opener) clear(path string) error {
	for _, p := range []string{path, asideOf(path)} {
		if err := clearStale(p); err != nil {
			return err
		}
	}
	return nil
}

// own takes note of the file that bind(2) or mkfifo(3) made and gives it its mode and owner.
func (o *opener) own(path string) (err error) {
	if o.file, err = newSocketFile(path); err != nil {
		return err
	}
	if op, err := o.file.setOwnership(o.spec); err != nil {
		return o.fail(op, err)
	}
	return nil
}

// openFIFO opens the fifo for reading and writing (fifo(7)): a writer then always finds a reader and a reader never
// sees the end of the file while no worker runs. One that exists already is taken as it is and is never unlinked.
func (o *opener) openFIFO() error {
	path := o.spec.Address.Path
	mode := o.spec.Mode
	if mode == 0 {
		mode = 0o666
	}
	made := unix.Mkfifo(path, mode)
	if made != nil && !errors.Is(made, unix.EEXIST) {
		return o.fail("fifo", made)
	}
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NOFOLLOW|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return o.fail("fifo", err)
	}
	o.fd = fd
	if err := o.isFIFO(); err != nil {
		return o.fail("fifo", err)
	}
	if made == nil || o.leftBehind(path) {
		if err := o.own(path); err != nil {
			return o.fail("fifo", err)
		}
	} else if err := o.ownFIFO(); err != nil {
		return err
	}
	o.address = o.spec.Address
	o.warnings, err = applyOptions(o.fd, o.kind, o.spec)
	return err
}

// leftBehind says whether the fifo is one that an earlier life of ours made: its hidden name is still there.
func (o *opener) leftBehind(path string) bool {
	id, _, err := identify(asideOf(path))
	return err == nil && (&socketFile{id: id}).ours(path)
}

// isFIFO refuses other files, and then makes the descriptor blocking: it was opened non-blocking because opening a
// device may wait.
func (o *opener) isFIFO() error {
	var st unix.Stat_t
	if err := unix.Fstat(o.fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return errors.New("there is a file at this path that is no fifo (move it away, or choose another path)")
	}
	return unix.SetNonblock(o.fd, false)
}

// ownFIFO gives a fifo that was there before the configured mode and owner.
func (o *opener) ownFIFO() error {
	var st unix.Stat_t
	if err := unix.Fstat(o.fd, &st); err != nil {
		return o.fail("fifo", err)
	}
	if err := changeOwner(o.fd, st, o.spec); err != nil {
		return o.fail("owner", err)
	}
	if err := changeMode(o.fd, st, o.spec); err != nil {
		return o.fail("mode", err)
	}
	return nil
}
