package config

// feature is something of the language that is not the same on every system.
type feature struct {
	// kind is a block, whose attributes the names are, or "block.attribute", whose values they are; "" is for blocks.
	kind string
	// names are parted by blanks; "*" is every other one.
	names string
	on    on
}

// on are the systems that differ: "unix" is all but Linux and Windows.
type on map[string]support

// support is what a system makes of a feature.
type support struct {
	how           how
	cause, advice string // of absent and ignored
	text          string // of differs: what it is there; of renamed: the other name
}

type how int

const (
	works   how = iota
	differs     // it works in another way
	renamed     // a dialect has another name
	ignored     // the service works without it: a warning
	absent      // an error
)

func no(cause, advice string) support { return support{how: absent, cause: cause, advice: advice} }
func without(cause, advice string) support {
	return support{how: ignored, cause: cause, advice: advice}
}
func other(text string) support { return support{how: differs, text: text} }
func as(dialect string) support { return support{how: renamed, text: dialect} }

// Causes that several have.
var (
	linuxOnly  = no("it works on Linux only", "Remove the line.")
	noNumber   = no("a handle has no number that it could be found by, as a descriptor has", `Write "systemd", which means "handles" there, or "systemfd".`)
	noAccount  = no("every worker runs as supervise's own user there", "Remove the line, and run supervise, or its service, as that user.")
	noUnix     = no("unix sockets cannot be handed over there", "Write for example tcp://127.0.0.1:8080.")
	noOption   = no("it has no such option of sockets, or supervise does not set it there", "Remove the line.")
	hint       = without("it has no such option of sockets, or supervise does not set it there", "The listener works without it.")
	notReady   = no("supervise cannot be told so there", `Write when = "auto", "started", "log", "http" or "exec".`)
	noSignal   = no("it has no such signal", `Write "SIGTERM", which is the event of STOP_EVENT or Ctrl-Break there; for several systems system == "windows" ? "SIGTERM" : "SIGQUIT".`)
	noLimit    = no("it has no such limit", "Remove the line; memory_max, cpu_max and pids_max work there.")
	noSteering = no("nothing there steers connections to one of several sockets", `Remove the line: "all" is one socket for every generation.`)
)

// systemTable is the one place that says what does not work on every system; what is not here does. The README's list is made of it.
var systemTable = []feature{
	{"", "serve", on{"windows": no("descriptors cannot be sent to other programs there", "Remove the block."), "unix": no("it works on Linux only", "Remove the block.")}},

	{"listener.address", "unix:// unixgram://", on{"windows": noUnix}},
	{"listener.address", "unixpacket://", on{"windows": noUnix, "darwin": no("its unix sockets are streams or datagrams", "Write unix:// or unixgram://.")}},
	{"listener.address", "unix://@ unixgram://@ unixpacket://@", on{"windows": noUnix, "unix": no("names without a file are Linux's", "Write a path, as in unix:///run/app.sock.")}},
	{"listener.address", "vsock://", on{"windows": no("it has no vsock", "Write for example tcp://:8080."), "unix": no("it works on Linux only", "Write for example tcp://:8080.")}},
	{"listener.address", "fifo://", on{"windows": no("it has no FIFOs", "Remove the listener."), "unix": no("it works on Linux only", "Remove the listener.")}},
	{"listener", "backlog", on{"windows": other("what the provider of TCP/IP finds reasonable with `max`, else up to 65535")}},
	{"listener", "take_from", on{"windows": linuxOnly, "unix": linuxOnly}},
	{"listener.sharing", "generation worker", on{"windows": noSteering, "unix": noSteering}},
	{"listener", "reuse_port free_bind transparent bind_device mark pass_credentials", on{"windows": noOption, "unix": noOption}},
	{"listener", "broadcast ttl", on{"unix": noOption}},
	{"listener", "defer_accept user_timeout congestion multipath tos priority", on{"windows": hint, "unix": hint}},
	{"listener", "keepalive keepalive_idle keepalive_interval keepalive_count no_delay receive_buffer send_buffer", on{"unix": hint}},
	{"listener", "fast_open", on{"windows": other("on or off, whatever the length"), "unix": hint}},

	{"service.handoff", "systemd", on{"windows": as("handles")}},
	{"service.handoff", "systemfd", on{"linux": as("systemd"), "unix": as("systemd")}},
	{"service.handoff", "handles", on{
		"linux": no("handles are Windows's", `Write "systemd", which means "handles" on Windows.`),
		"unix":  no("handles are Windows's", `Write "systemd", which means "handles" on Windows.`),
	}},
	{"service.handoff", "einhorn server-starter nginx angie php-fpm unicorn puma gunicorn upstart circus stdin", on{"windows": noNumber}},
	{"service.handoff", "tableflip overseer endless grace goagain nghttpx haproxy zerg s6-fdholder multibinder adopt", on{
		"windows": noNumber, "unix": no("it works on Linux only", `Write "systemd", if the program reads it.`),
	}},
	{"service.handoff", "none", on{"windows": other("handles; their values are in ${listener.NAME.fd}")}},
	{"service.preset", "go python", nil},
	{"service.preset", "*", on{"windows": no("the program takes sockets as numbered descriptors, or not at all", "Remove the line. What a worker must do there is in the README.")}},
	{"service", "listen_pid", on{"windows": without("LISTEN_HANDLES goes to the worker alone and has no process number", "")}},
	{"service", "fd_store", on{"windows": no("workers cannot send descriptors there", "Remove the line."), "unix": linuxOnly}},
	{"service", "user group groups", on{"windows": noAccount}},
	{"service", "umask", on{"windows": no("files have access lists there, and no mode", "Remove the line.")}},
	{"service", "nice", on{"windows": other("priority classes, from idle to high")}},
	{"service", "oom_score_adjust", on{
		"windows": without("no process is ended there to make room for others", ""),
		"unix":    without("it is Linux's", ""),
	}},
	{"service", "no_new_privileges", on{"windows": no("it is a promise of Linux's kernel", "Remove the line."), "unix": linuxOnly}},

	{"ready.when", "crank uwsgi pm2 upstart", on{"windows": no("supervise cannot be told so there", `Write when = "auto", "notify", "newline", "started", "log", "http" or "exec".`), "unix": notReady}},
	{"ready.when", "notify newline", on{"unix": notReady}},
	{"ready", "fd", on{"windows": no("a handle has no number to choose; the worker finds it in READY_HANDLE", "Remove the line."), "unix": linuxOnly}},
	{"stop.signal", "SIGTERM", on{"windows": other("the event STOP_EVENT, and Ctrl-Break for programs that do not open it")}},
	{"stop.signal", "SIGINT", on{"windows": other("Ctrl-Break")}},
	{"stop.signal", "SIGKILL", nil},
	{"stop.signal", "SIGHUP SIGQUIT SIGILL SIGTRAP SIGABRT SIGFPE SIGSEGV SIGPIPE SIGALRM", on{"windows": noSignal}},
	{"stop.signal", "*", on{
		"windows": noSignal,
		"unix":    no("it has another number there than Linux's, which supervise sends", `Write a signal that is the same everywhere, like "SIGTERM" or "SIGQUIT".`),
	}},
	{"health", "watchdog", on{"windows": other("a worker that hangs is terminated, without a core"), "unix": linuxOnly}},
	{"limits", "nofile core", on{"windows": noLimit}},
	{"limits", "nproc", on{"windows": noLimit, "unix": linuxOnly}},
	{"limits", "memory_max cpu_max pids_max", on{"windows": other("a job object; pids_max counts no threads"), "unix": linuxOnly}},

	{"control.address", "unix://", on{"windows": no("commands come over a named pipe there", "Write pipe://NAME, or remove the line: each system has a default.")}},
	{"control.address", "pipe://", on{
		"linux": no("named pipes are Windows's", "Write unix://PATH, or remove the line: each system has a default."),
		"unix":  no("named pipes are Windows's", "Write unix://PATH, or remove the line: each system has a default."),
	}},
	{"control", "mode", on{"windows": without("who may send commands is in an access list there", "Use group: its members may.")}},
}
