package fdpass

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// option says how Linux takes one attribute.
type option struct {
	name  string
	fits  func(Address) bool // the kinds of address that know it
	where []place
	needs string // capability without which the kernel answers EPERM; "" when none is needed
}

// place is an argument pair of setsockopt(2). domain 0 is any; a dual-stack socket has a place for each family.
type place struct{ domain, level, opt int }

func at(level, opt int) []place { return []place{{0, level, opt}} }

// both gives the two places of an option that IPv4 and IPv6 have apart. On an IPv6 socket the IPv4 option speaks for
// the IPv4 traffic of a dual-stack socket.
func both(four, six int) []place {
	return []place{{0, unix.IPPROTO_IP, four}, {unix.AF_INET6, unix.IPPROTO_IPV6, six}}
}

func isSocket(a Address) bool { return a.Network != "fifo" }
func isFIFO(a Address) bool   { return a.Network == "fifo" }

// options is the table, in the order in which the options are set: tos before priority, which it changes (ip(7)).
// ipv6_only and multipath are not in it: they are part of how the socket is made.
func options() []option {
	tcp, udp, ip, local := Address.isTCP, Address.isUDP, Address.isIP, Address.isUnix
	const socket, ipv4, ipv6, proto = unix.SOL_SOCKET, unix.IPPROTO_IP, unix.IPPROTO_IPV6, unix.IPPROTO_TCP
	return []option{
		{"reuse_port", ip, at(socket, unix.SO_REUSEPORT), ""},
		{"free_bind", ip, both(unix.IP_FREEBIND, unix.IPV6_FREEBIND), ""},
		{"transparent", ip, both(unix.IP_TRANSPARENT, unix.IPV6_TRANSPARENT), "CAP_NET_ADMIN"},
		{"bind_device", ip, at(socket, unix.SO_BINDTODEVICE), "CAP_NET_RAW"},
		{"mark", ip, at(socket, unix.SO_MARK), "CAP_NET_ADMIN"},
		{"keepalive", tcp, at(socket, unix.SO_KEEPALIVE), ""},
		{"keepalive_idle", tcp, at(proto, unix.TCP_KEEPIDLE), ""},
		{"keepalive_interval", tcp, at(proto, unix.TCP_KEEPINTVL), ""},
		{"keepalive_count", tcp, at(proto, unix.TCP_KEEPCNT), ""},
		{"no_delay", tcp, at(proto, unix.TCP_NODELAY), ""},
		{"defer_accept", tcp, at(proto, unix.TCP_DEFER_ACCEPT), ""},
		{"fast_open", tcp, at(proto, unix.TCP_FASTOPEN), ""},
		{"user_timeout", tcp, at(proto, unix.TCP_USER_TIMEOUT), ""},
		{"congestion", tcp, at(proto, unix.TCP_CONGESTION), "CAP_NET_ADMIN"},
		{"receive_buffer", isSocket, at(socket, unix.SO_RCVBUF), ""},
		{"send_buffer", isSocket, at(socket, unix.SO_SNDBUF), ""},
		{"tos", ip, both(unix.IP_TOS, unix.IPV6_TCLASS), ""},
		{"ttl", ip, both(unix.IP_TTL, unix.IPV6_UNICAST_HOPS), ""},
		{"priority", ip, at(socket, unix.SO_PRIORITY), "CAP_NET_ADMIN"},
		{"pass_credentials", local, at(socket, unix.SO_PASSCRED), ""},
		{"broadcast", udp, at(socket, unix.SO_BROADCAST), ""},
		{"pipe_size", isFIFO, nil, "CAP_SYS_RESOURCE"},
	}
}

// optionNamed gives the row of the table.
func optionNamed(name string) (option, bool) {
	for _, opt := range options() {
		if opt.name == name {
			return opt, true
		}
	}
	return option{}, false
}

// applyOptions sets everything that spec gives. The warnings name what the kernel took only in part.
func applyOptions(fd int, k kind, spec Spec) (warnings []string, err error) {
	if spec.Options == (Options{}) {
		return nil, nil
	}
	given := settings(spec.Options)
	if spec.Options.IPv6Only != nil && k.domain != unix.AF_INET6 {
		return nil, unfit(spec, "ipv6_only")
	}
	if spec.Options.Multipath && !spec.Address.isTCP() {
		return nil, unfit(spec, "multipath")
	}
	for _, opt := range options() {
		value, ok := given[opt.name]
		if !ok {
			continue
		}
		if !opt.fits(spec.Address) {
			return warnings, unfit(spec, opt.name)
		}
		if err := opt.set(fd, k, value); err != nil {
			return warnings, newOpenError(spec, opt.name, err)
		}
		warnings = append(warnings, opt.check(fd, value, spec)...)
	}
	return warnings, nil
}

func settings(o Options) map[string]setting {
	given := map[string]setting{}
	for _, a := range o.attributes() {
		if a.given {
			given[a.name] = a.setting
		}
	}
	return given
}

func unfit(spec Spec, name string) *OpenError {
	return &OpenError{Name: spec.Name, Address: spec.Address, Op: name, Err: unix.ENOPROTOOPT,
		Cause: "there is no such option for " + spec.Address.String(), Advice: "remove " + name}
}

func (opt option) set(fd int, k kind, value setting) error {
	if opt.name == "pipe_size" {
		_, err := unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, value.number)
		return err
	}
	for _, p := range opt.where {
		if p.domain != 0 && p.domain != k.domain {
			continue
		}
		if err := p.set(fd, value); err != nil {
			return err
		}
	}
	return opt.force(fd, value)
}

func (p place) set(fd int, value setting) error {
	if p.isText() {
		return unix.SetsockoptString(fd, p.level, p.opt, value.text)
	}
	return unix.SetsockoptInt(fd, p.level, p.opt, value.number)
}

func (p place) get(fd int) (setting, error) {
	if p.isText() {
		s, err := unix.GetsockoptString(fd, p.level, p.opt)
		return setting{given: true, text: s}, err
	}
	n, err := unix.GetsockoptInt(fd, p.level, p.opt)
	return setting{given: true, number: n}, err
}

func (p place) isText() bool {
	return p.level == unix.SOL_SOCKET && p.opt == unix.SO_BINDTODEVICE ||
		p.level == unix.IPPROTO_TCP && p.opt == unix.TCP_CONGESTION
}

// force goes beyond net.core.rmem_max and wmem_max when we may (socket(7)).
func (opt option) force(fd int, value setting) error {
	forced := map[string]int{"receive_buffer": unix.SO_RCVBUFFORCE, "send_buffer": unix.SO_SNDBUFFORCE}[opt.name]
	if forced == 0 || bufferSize(fd, opt) >= value.number {
		return nil
	}
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, forced, value.number)
	if errors.Is(err, unix.EPERM) {
		return nil // the cut one stays; check says so
	}
	return err
}

// bufferSize halves what the kernel says: it counts its own bookkeeping as the other half (socket(7)).
func bufferSize(fd int, opt option) int {
	s, err := opt.where[0].get(fd)
	if err != nil {
		return 0
	}
	return s.number / 2
}

// check reads back what the kernel may have changed silently.
func (opt option) check(fd int, value setting, spec Spec) []string {
	switch opt.name {
	case "receive_buffer", "send_buffer":
		if size := bufferSize(fd, opt); size < value.number {
			sysctl := map[string]string{"receive_buffer": "net.core.rmem_max", "send_buffer": "net.core.wmem_max"}[opt.name]
			return []string{fmt.Sprintf("listener %q: %s of %d bytes is cut to %d by %s (raise it: sysctl -w %s=%d)",
				spec.Name, opt.name, value.number, size, sysctl, sysctl, value.number)}
		}
	case "fast_open":
		const server = 2
		if n, err := readNumber("/proc/sys/net/ipv4/tcp_fastopen"); err == nil && n&server == 0 {
			return []string{fmt.Sprintf("listener %q: fast_open is without effect while net.ipv4.tcp_fastopen is %d (allow it: sysctl -w net.ipv4.tcp_fastopen=%d)",
				spec.Name, n, n|server)}
		}
	}
	return nil
}
