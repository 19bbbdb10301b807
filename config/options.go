package config

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
)

// Bounds of the kernel, tcp(7), socket(7), ip(7): setsockopt(2) answers EINVAL beyond.
const (
	maxKeepAlive   = 32767 * time.Second
	maxProbes      = 127
	maxUserTimeout = math.MaxInt32 * time.Millisecond
	maxBuffer      = math.MaxInt32 / 2 // the kernel doubles it
	minPipe        = 4096
	maxPipe        = 1 << 30
	maxDevice      = 15 // IFNAMSIZ less the byte that ends the text
	maxCongestion  = 15 // TCP_CA_NAME_MAX likewise
)

func (n *node) takeOptions(o *Options) {
	const second = time.Second
	flag := orNil(asBool)
	take(n, "ipv6_only", &o.IPv6Only, flag)
	take(n, "reuse_port", &o.ReusePort, flag)
	take(n, "free_bind", &o.FreeBind, flag)
	take(n, "transparent", &o.Transparent, flag)
	take(n, "bind_device", &o.BindDevice, asDevice)
	take(n, "mark", &o.Mark, orNil(asMark))
	take(n, "keepalive", &o.KeepAlive, flag)
	take(n, "keepalive_idle", &o.KeepAliveIdle, asDuration(second, maxKeepAlive, second))
	take(n, "keepalive_interval", &o.KeepAliveInterval, asDuration(second, maxKeepAlive, second))
	take(n, "keepalive_count", &o.KeepAliveCount, asInteger(1, maxProbes))
	take(n, "no_delay", &o.NoDelay, flag)
	take(n, "defer_accept", &o.DeferAccept, asDuration(second, maxKeepAlive, second))
	take(n, "fast_open", &o.FastOpen, asInteger(1, math.MaxInt32))
	take(n, "user_timeout", &o.UserTimeout, asDuration(time.Millisecond, maxUserTimeout, time.Millisecond))
	take(n, "congestion", &o.Congestion, asCongestion)
	take(n, "multipath", &o.Multipath, asBool)
	take(n, "receive_buffer", &o.ReceiveBuffer, asSize(1, maxBuffer))
	take(n, "send_buffer", &o.SendBuffer, asSize(1, maxBuffer))
	take(n, "tos", &o.TOS, orNil(asInteger(0, 255)))
	take(n, "ttl", &o.TTL, orNil(asInteger(1, 255)))
	take(n, "priority", &o.Priority, orNil(asInteger(0, math.MaxInt32)))
	take(n, "pass_credentials", &o.PassCredentials, flag)
	take(n, "broadcast", &o.Broadcast, flag)
	take(n, "pipe_size", &o.PipeSize, asSize(minPipe, maxPipe))
}

func asDevice(v cty.Value) (string, *refusal) {
	s, r := asWord(v)
	if r == nil && (len(s) > maxDevice || strings.ContainsAny(s, "/: \t\n")) {
		r = &refusal{cause: strconv.Quote(shorten(s)) + " is no name of a network device", advice: `Write a name of up to 15 bytes, like "eth0".`}
	}
	return s, r
}

func asCongestion(v cty.Value) (string, *refusal) {
	s, r := asWord(v)
	if r == nil && len(s) > maxCongestion {
		r = &refusal{cause: strconv.Quote(shorten(s)) + " is no name of a congestion control", advice: "The system's are in net.ipv4.tcp_available_congestion_control."}
	}
	return s, r
}

// asMark reads the number of SO_MARK; firewalls write it in hexadecimal, which HCL has only as text.
func asMark(v cty.Value) (uint32, *refusal) {
	s, r := asText(v)
	if r != nil {
		return 0, r
	}
	n, err := strconv.ParseUint(s, 0, 32)
	if err != nil {
		return 0, &refusal{cause: strconv.Quote(shorten(s)) + " is no number of 32 bits", advice: `Write 16 or "0x10".`}
	}
	return uint32(n), nil
}

// fit is the networks that an attribute is for.
type fit struct {
	networks []string
	file     bool // and the address must be a file: abstract names have no owner
}

var (
	fitTCP     = fit{networks: []string{"tcp", "tcp4", "tcp6"}}
	fitInet    = fit{networks: []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6"}}
	fitUnix    = fit{networks: []string{"unix", "unixgram", "unixpacket"}}
	fitFile    = fit{networks: []string{"unix", "unixgram", "unixpacket", "fifo"}, file: true}
	fitFIFO    = fit{networks: []string{"fifo"}}
	fitBuffers = fit{networks: []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixgram", "unixpacket"}}
	fitDual    = fit{networks: []string{"tcp", "tcp6", "udp", "udp6"}}
	fitCast    = fit{networks: []string{"udp", "udp4"}}
)

// optionFit says which networks have an attribute. IPv6 has no broadcast, and vsock has buffers of its own, vsock(7).
func optionFit(name string) fit {
	switch name {
	case "mode", "owner", "group":
		return fitFile
	case "ipv6_only":
		return fitDual
	case "reuse_port", "free_bind", "transparent", "bind_device", "mark", "tos", "ttl", "priority":
		return fitInet
	case "receive_buffer", "send_buffer":
		return fitBuffers
	case "pass_credentials":
		return fitUnix
	case "broadcast":
		return fitCast
	case "pipe_size":
		return fitFIFO
	}
	return fitTCP
}

func (f fit) has(a Address) bool {
	return slices.Contains(f.networks, a.Network) && (!f.file || a.hasFile())
}

func (f fit) kind(a Address) string {
	if f.file && a.isAbstract() {
		return "an abstract name"
	}
	return a.Network
}

func (f fit) String() string {
	text := strings.Join(f.networks, ", ")
	if f.file {
		return text + " with a path"
	}
	return text
}
