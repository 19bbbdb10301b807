package fdpass

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Constants of ws2def.h, winsock2.h and ws2ipdef.h that x/sys does not have.
const (
	soAcceptConn       = 0x0002
	soProtocolInfo     = 0x2005 // SO_PROTOCOL_INFOW
	soExclusiveAddrUse = ^windows.SO_REUSEADDR
)

// option says how Winsock takes one attribute.
type option struct {
	name  string
	fits  func(Address) bool // the kinds of address that know it
	where []place
}

// place is an argument pair of setsockopt(). domain 0 is any.
type place struct{ domain, level, opt int }

// options is the table. ipv6_only is not in it: it is part of how the socket is made. What is missing here Windows does not have, or has
// and ignores, as IP_TOS ("IPPROTO_IP socket options"). fast_open is a switch there and no length (Windows 10 1607); keepalive_count is of
// Windows 10 1703, the keepalive times are of 1709 (see keepAliveTimes).
func options() []option {
	tcp, udp, ip := Address.isTCP, Address.isUDP, Address.isIP
	at := func(level, opt int) []place { return []place{{0, level, opt}} }
	const socket, proto = windows.SOL_SOCKET, windows.IPPROTO_TCP
	return []option{
		{"keepalive", tcp, at(socket, windows.SO_KEEPALIVE)},
		{"keepalive_idle", tcp, at(proto, windows.TCP_KEEPIDLE)},
		{"keepalive_interval", tcp, at(proto, windows.TCP_KEEPINTVL)},
		{"keepalive_count", tcp, at(proto, windows.TCP_KEEPCNT)},
		{"no_delay", tcp, at(proto, windows.TCP_NODELAY)},
		{"fast_open", tcp, at(proto, windows.TCP_FASTOPEN)},
		{"receive_buffer", ip, at(socket, windows.SO_RCVBUF)},
		{"send_buffer", ip, at(socket, windows.SO_SNDBUF)},
		{"ttl", ip, []place{
			{windows.AF_INET, windows.IPPROTO_IP, windows.IP_TTL},
			{windows.AF_INET6, windows.IPPROTO_IPV6, windows.IPV6_UNICAST_HOPS},
		}},
		{"broadcast", udp, at(socket, windows.SO_BROADCAST)},
	}
}

func optionNamed(name string) (option, bool) {
	for _, opt := range options() {
		if opt.name == name {
			return opt, true
		}
	}
	return option{}, false
}

// checkOptions refuses what could not be done, before anything is.
func checkOptions(spec Spec) error {
	for _, a := range spec.Options.attributes() {
		if !a.given || a.name == "ipv6_only" {
			continue
		}
		opt, ok := optionNamed(a.name)
		switch {
		case !ok:
			return &OpenError{Name: spec.Name, Address: spec.Address, Op: a.name, Err: windows.WSAENOPROTOOPT,
				Cause: "it is not supported on windows", Advice: withoutOption(a.name)}
		case !opt.fits(spec.Address):
			return unfit(spec, a.name)
		}
	}
	return nil
}

func unfit(spec Spec, name string) *OpenError {
	return &OpenError{Name: spec.Name, Address: spec.Address, Op: name, Err: windows.WSAENOPROTOOPT,
		Cause: "there is no such option for " + spec.Address.String(), Advice: "remove " + name}
}

// applyOptions sets everything that spec gives.
func applyOptions(h windows.Handle, k kind, spec Spec) error {
	for _, a := range spec.Options.attributes() {
		if !a.given || a.name == "ipv6_only" {
			continue
		}
		if err := setOption(h, k, spec, a.name, a.number); err != nil {
			return err
		}
	}
	return nil
}

func setOption(h windows.Handle, k kind, spec Spec, name string, value int) error {
	opt, _ := optionNamed(name)
	if name == "fast_open" {
		value = min(value, 1)
	}
	for _, p := range opt.where {
		if p.domain != 0 && p.domain != k.domain {
			continue
		}
		err := windows.SetsockoptInt(h, p.level, p.opt, value)
		if err == windows.WSAENOPROTOOPT && (name == "keepalive_idle" || name == "keepalive_interval") {
			err = keepAliveTimes(h, spec.Options)
		}
		if err != nil {
			return newOpenError(spec, name, err)
		}
	}
	return nil
}

// keepAliveTimes is how systems before Windows 10 1709, such as Windows Server 2016, take the times: both at once, in milliseconds,
// with Windows' own where one is not given (SIO_KEEPALIVE_VALS). They mean something only while keepalive is on.
func keepAliveTimes(h windows.Handle, o Options) error {
	values := windows.TCPKeepalive{Time: keepAliveIdle, Interval: keepAliveInterval}
	if isTrue(o.KeepAlive) {
		values.OnOff = 1
	}
	if s := ticks(o.KeepAliveIdle, time.Millisecond); s.given {
		values.Time = uint32(s.number)
	}
	if s := ticks(o.KeepAliveInterval, time.Millisecond); s.given {
		values.Interval = uint32(s.number)
	}
	var n uint32
	return windows.WSAIoctl(h, windows.SIO_KEEPALIVE_VALS, (*byte)(unsafe.Pointer(&values)), uint32(unsafe.Sizeof(values)), nil, 0, &n, nil, 0)
}

// Windows' own times, in milliseconds.
const keepAliveIdle, keepAliveInterval = 2 * 60 * 60 * 1000, 1000
