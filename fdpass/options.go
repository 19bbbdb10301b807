package fdpass

import "time"

// attributes gives every option as a configuration writes it, with "" or the option's value in a comparable form. It is
// the one list of names; systems say in their own tables how to set them.
func (o Options) attributes() []attribute {
	return []attribute{
		{"ipv6_only", truth(o.IPv6Only)},
		{"reuse_port", truth(o.ReusePort)},
		{"free_bind", truth(o.FreeBind)},
		{"transparent", truth(o.Transparent)},
		{"bind_device", text(o.BindDevice)},
		{"mark", unsigned(o.Mark)},
		{"keepalive", truth(o.KeepAlive)},
		{"keepalive_idle", ticks(o.KeepAliveIdle, time.Second)},
		{"keepalive_interval", ticks(o.KeepAliveInterval, time.Second)},
		{"keepalive_count", positive(o.KeepAliveCount)},
		{"no_delay", truth(o.NoDelay)},
		{"defer_accept", ticks(o.DeferAccept, time.Second)},
		{"fast_open", positive(o.FastOpen)},
		{"user_timeout", ticks(o.UserTimeout, time.Millisecond)},
		{"congestion", text(o.Congestion)},
		{"multipath", truth(&o.Multipath).unlessZero()},
		{"receive_buffer", positive(o.ReceiveBuffer)},
		{"send_buffer", positive(o.SendBuffer)},
		{"tos", number(o.TOS)},
		{"ttl", number(o.TTL)},
		{"priority", number(o.Priority)},
		{"pass_credentials", truth(o.PassCredentials)},
		{"broadcast", truth(o.Broadcast)},
		{"pipe_size", positive(o.PipeSize)},
	}
}

// attribute is one option by its configured name.
type attribute struct {
	name string
	setting
}

// setting is the value of an option: a number or a text. The zero setting is an option that is not given.
type setting struct {
	given  bool
	number int
	text   string
}

func (s setting) unlessZero() setting {
	if s.number == 0 {
		return setting{}
	}
	return s
}

func number(n *int) setting {
	if n == nil {
		return setting{}
	}
	return setting{given: true, number: *n}
}

func truth(b *bool) setting {
	if b == nil {
		return setting{}
	}
	if *b {
		return setting{given: true, number: 1}
	}
	return setting{given: true}
}

func unsigned(n *uint32) setting {
	if n == nil {
		return setting{}
	}
	return setting{given: true, number: int(*n)}
}

func positive(n int) setting { return setting{given: true, number: n}.unlessZero() }

func text(s string) setting { return setting{given: s != "", text: s} }

// ticks rounds up, so that a short time does not become none.
func ticks(d, unit time.Duration) setting { return positive(int((d + unit - 1) / unit)) }
