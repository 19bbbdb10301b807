//go:build linux

package fdpass

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// deny makes the kernel itself answer: for what cannot be brought about on a healthy machine.
func deny(call int, errno syscall.Errno, sp Spec) task {
	return task{Deny: &denial{Call: call, Arg: -1, Errno: errno}, Specs: []Spec{sp}}
}

// Every errno that the man pages name for the calls of Open, made by the kernel in a process of its own: by the real
// cause where that can be had, else by a seccomp filter that answers the call.
func TestProcErrors(t *testing.T) {
	dir := shortDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(dir+"/ro", 0o755))
	must(os.WriteFile(dir+"/file", nil, 0o644))
	must(os.Symlink("loop", dir+"/loop"))
	must(os.Symlink("dangling", dir+"/link"))
	const nobody, tcp, local, roots = 65534, "tcp://127.0.0.1:0", "unix:///nowhere/s", "/fdpass-test"
	path := "unix://" + dir + "/s"
	no := func(sp Spec) task { return task{UID: nobody, Specs: []Spec{sp}} }
	one := func(sp Spec) task { return task{Specs: []Spec{sp}} }
	list := []struct {
		title string
		errno syscall.Errno
		task  task
	}{
		{"bind: port of ours", unix.EADDRINUSE, task{Specs: []Spec{spec("tcp://127.0.0.1:4000"), spec("tcp://:4000")}}},
		{"bind: udp", unix.EADDRINUSE, task{Specs: []Spec{spec("udp://[::]:4000"), spec("udp4://127.0.0.1:4000")}}},
		{"bind: live path", unix.EADDRINUSE, task{Specs: []Spec{spec(path), spec(path)}}},
		{"bind: abstract", unix.EADDRINUSE, task{Specs: []Spec{spec("unix://@x"), spec("unix://@x")}}},
		{"bind: no port left", unix.EADDRINUSE, task{Sysctl: map[string]string{"net/ipv4/ip_local_port_range": "4000 4001"},
			Specs: []Spec{spec(tcp), spec(tcp), spec(tcp)}}},
		{"bind: privileged port", unix.EACCES, no(spec("tcp://127.0.0.1:80"))},
		{"bind: folder of others", unix.EACCES, no(spec("unix://" + roots))},
		{"bind: foreign address", unix.EADDRNOTAVAIL, one(spec("tcp://192.0.2.1:80"))},
		{"bind: vsock context of others", unix.EADDRNOTAVAIL, one(spec("vsock://4242:80"))},
		{"bind: link-local without zone", unix.EINVAL, one(spec("tcp://[fe80::1]:80"))},
		{"bind: no folder", unix.ENOENT, one(spec(local))},
		{"bind: file as folder", unix.ENOTDIR, one(spec("unix://" + dir + "/file/s"))},
		{"bind: loop of links", unix.ELOOP, one(spec("unix://" + dir + "/loop/s"))},
		{"bind: read-only", unix.EROFS, task{ReadOnly: dir + "/ro", Specs: []Spec{spec("unix://" + dir + "/ro/s")}}},
		{"bind: long path", unix.ENAMETOOLONG, one(spec("unix:///" + strings.Repeat("x", 120)))},
		{"bind: no memory", unix.ENOMEM, deny(unix.SYS_BIND, unix.ENOMEM, spec(tcp))},
		{"bind: another family", unix.EAFNOSUPPORT, deny(unix.SYS_BIND, unix.EAFNOSUPPORT, spec(tcp))},
		{"bind: bound already", unix.EINVAL, deny(unix.SYS_BIND, unix.EINVAL, spec(tcp))},
		{"bind: not a socket", unix.ENOTSOCK, deny(unix.SYS_BIND, unix.ENOTSOCK, spec(tcp))},
		{"bind: not open", unix.EBADF, deny(unix.SYS_BIND, unix.EBADF, spec(tcp))},
		{"bind: policy", unix.EACCES, deny(unix.SYS_BIND, unix.EACCES, spec("tcp://127.0.0.1:4000"))},
		{"fifo: no folder", unix.ENOENT, one(spec("fifo:///nowhere/f"))},
		{"fifo: symbolic link", unix.ELOOP, one(spec("fifo://" + dir + "/link"))},
		{"fifo: long name", unix.ENAMETOOLONG, one(spec("fifo:///" + strings.Repeat("x", 300)))},
		{"fifo: folder", unix.EISDIR, one(spec("fifo://" + dir + "/ro"))},
		{"fifo: folder of others", unix.EACCES, no(spec("fifo://" + roots))},
		{"fifo: read-only", unix.EROFS, task{ReadOnly: dir + "/ro", Specs: []Spec{spec("fifo://" + dir + "/ro/f")}}},
		{"listen: not possible", unix.EOPNOTSUPP, deny(unix.SYS_LISTEN, unix.EOPNOTSUPP, spec(tcp))},
		{"listen: in use", unix.EADDRINUSE, deny(unix.SYS_LISTEN, unix.EADDRINUSE, spec("tcp://127.0.0.1:4000"))},
		{"listen: bound already", unix.EINVAL, deny(unix.SYS_LISTEN, unix.EINVAL, spec(tcp))},
		{"listen: not a socket", unix.ENOTSOCK, deny(unix.SYS_LISTEN, unix.ENOTSOCK, spec(tcp))},
		{"listen: not open", unix.EBADF, deny(unix.SYS_LISTEN, unix.EBADF, spec(tcp))},
		{"socket: descriptors", unix.EMFILE, task{NoFile: 3, Specs: []Spec{spec(tcp)}}},
		{"socket: files", unix.ENFILE, deny(unix.SYS_SOCKET, unix.ENFILE, spec(tcp))},
		{"socket: no buffers", unix.ENOBUFS, deny(unix.SYS_SOCKET, unix.ENOBUFS, spec(tcp))},
		{"socket: no memory", unix.ENOMEM, deny(unix.SYS_SOCKET, unix.ENOMEM, spec(tcp))},
		{"socket: no IPv4", unix.EAFNOSUPPORT, deny(unix.SYS_SOCKET, unix.EAFNOSUPPORT, spec(tcp))},
		{"socket: no IPv6", unix.EAFNOSUPPORT, deny(unix.SYS_SOCKET, unix.EAFNOSUPPORT, spec("tcp6://:80"))},
		{"socket: no vsock", unix.EAFNOSUPPORT, deny(unix.SYS_SOCKET, unix.EAFNOSUPPORT, spec("vsock://:80"))},
		{"socket: no unix", unix.EAFNOSUPPORT, deny(unix.SYS_SOCKET, unix.EAFNOSUPPORT, spec("unix://@x"))},
		{"socket: no protocol", unix.EPROTONOSUPPORT, deny(unix.SYS_SOCKET, unix.EPROTONOSUPPORT, spec(tcp))},
		{"socket: policy", unix.EACCES, deny(unix.SYS_SOCKET, unix.EACCES, spec(tcp))},
		{"socket: protocol unknown", unix.EINVAL, deny(unix.SYS_SOCKET, unix.EINVAL, spec(tcp))},
		{"multipath: off", unix.ENOPROTOOPT, task{Sysctl: map[string]string{"net/mptcp/enabled": "0"},
			Specs: []Spec{option1(tcp, func(o *Options) { o.Multipath = true })}}},
		{"multipath: udp", unix.ENOPROTOOPT, one(option1("udp://:0", func(o *Options) { o.Multipath = true }))},
		{"ipv6_only: IPv4", unix.ENOPROTOOPT, one(option1(tcp, func(o *Options) { o.IPv6Only = ptr(true) }))},
		{"no_delay: unix", unix.ENOPROTOOPT, one(option1("unix://@x", func(o *Options) { o.NoDelay = ptr(true) }))},
		{"pipe_size: tcp", unix.ENOPROTOOPT, one(option1(tcp, func(o *Options) { o.PipeSize = 1 }))},
		{"mark", unix.EPERM, no(option1(tcp, func(o *Options) { o.Mark = ptr(uint32(1)) }))},
		{"transparent", unix.EPERM, no(option1(tcp, func(o *Options) { o.Transparent = ptr(true) }))},
		{"priority", unix.EPERM, no(option1(tcp, func(o *Options) { o.Priority = ptr(7) }))},
		{"bind_device: none", unix.ENODEV, one(option1(tcp, func(o *Options) { o.BindDevice = "nosuch0" }))},
		{"bind_device: policy", unix.EPERM, deny(unix.SYS_SETSOCKOPT, unix.EPERM, option1("udp4://:0", func(o *Options) { o.BindDevice = "lo" }))},
		{"congestion: none", unix.ENOENT, one(option1(tcp, func(o *Options) { o.Congestion = "nosuch" }))},
		{"broadcast: policy", unix.EPERM, deny(unix.SYS_SETSOCKOPT, unix.EPERM, option1("udp4://:0", func(o *Options) { o.Broadcast = ptr(true) }))},
		{"ttl: range", unix.EINVAL, one(option1(tcp, func(o *Options) { o.TTL = ptr(300) }))},
		{"keepalive_count: range", unix.EINVAL, one(option1(tcp, func(o *Options) { o.KeepAliveCount = 1000 }))},
		{"keepalive_idle: range", unix.EINVAL, one(option1(tcp, func(o *Options) { o.KeepAliveIdle = 24 * 365 * time.Hour }))},
		{"broadcast: unknown", unix.ENOPROTOOPT, deny(unix.SYS_SETSOCKOPT, unix.ENOPROTOOPT, option1("udp4://:0", func(o *Options) { o.Broadcast = ptr(true) }))},
		{"pipe_size: above the limit", unix.EPERM, no(option1("fifo:///dev/shm/"+filepath.Base(dir), func(o *Options) { o.PipeSize = 1 << 30 }))},
		{"owner: of others", unix.EPERM, no(with("unix:///dev/shm/"+filepath.Base(dir), func(s *Spec) { s.UID = 0 }))},
	}
	l := &sentences{replace: []string{dir, "/DIR", filepath.Base(dir), "NAME", strings.Repeat("x", 300), "xxx...", strings.Repeat("x", 120), "xxx..."}}
	for _, tt := range list {
		a := inChild(t, tt.task)
		if a.Errno != tt.errno || a.Error == "" || !strings.Contains(a.Error, `listener "web"`) {
			t.Errorf("%s: got %d %q, expected %d %v", tt.title, a.Errno, a.Error, tt.errno, tt.errno)
		}
		l.add(tt.title, a.Error)
	}
	left, _ := filepath.Glob(dir + "/s*")
	if len(left) > 1 {
		t.Errorf("left are %v", left)
	}
	l.compare(t, "errors.golden")
}

// Two reusable sockets can both bind; the second to listen loses.
func TestListenInUse(t *testing.T) {
	o := &opener{spec: spec("tcp://127.0.0.1:0"), fd: -1}
	defer o.discard()
	for _, step := range []func() error{o.create, o.setOptions, o.bind} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	first := mustOpen(t, spec(o.address.String()))
	o.spec.Address = first.Address()
	err := o.listen()
	if !errors.Is(err, unix.EADDRINUSE) || !strings.Contains(err.Error(), "held by this process itself") {
		t.Errorf("got %v", err)
	}
}

// An errno that no table names keeps the system's own text.
func TestErrorsUnknown(t *testing.T) {
	for _, op := range []string{"socket", "bind", "listen", "restore", "mark", "mode", "pause"} {
		e := newOpenError(spec("tcp://:1"), op, syscall.EXDEV)
		if e.Cause != syscall.EXDEV.Error() || !errors.Is(e, syscall.EXDEV) || !strings.HasPrefix(e.Error(), "cannot ") {
			t.Errorf("%s: %v", op, e)
		}
	}
	if e := newOpenError(spec("tcp://:1"), "bind", errors.New("x")); e.Unwrap() != nil {
		t.Errorf("%v unwraps", e)
	}
}
