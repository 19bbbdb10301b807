// Package config reads the configuration of supervise: text in, a checked Config out, or every problem at once with its
// line, what is wrong and what to write instead. Nothing outside of the text is touched: users, devices and paths are looked
// up when they are used.
//
// # The language
//
// HCL in its native syntax, or in its JSON form when the file name ends in .json. A file has any number of listener,
// service and serve blocks, and one control and one log block at most. Names have 1 to 63 letters, digits, points, underscores and
// hyphens and begin with a letter or digit; unknown, stored and connection are no names of listeners, sd_listen_fds(3).
//
//	listener "web" {
//	  address = "tcp://:8080"
//	}
//	service "app" {
//	  command   = ["./app", "--fd", "${listener.web.fd}"]
//	  listeners = ["web"]
//	}
//
// Durations are texts with a unit ("30s", "1m30s", "500ms"). Sizes are whole numbers of bytes or texts with a unit ("64KiB",
// "64MiB", "1GB"). Permission bits are octal texts ("0660"). Numbers and booleans can be texts too, as environment
// variables are. null is the same as not given. Relative paths start at the folder of the file. "-" as a default means that
// the system's, or supervise's own, stays.
//
// Addresses: tcp://HOST:PORT, tcp4:// and tcp6://, udp://, udp4:// and udp6://, unix://PATH, unixgram:// and unixpacket://
// (unix://@NAME is in Linux's abstract namespace), vsock://CID:PORT, fifo://PATH, and for control on Windows pipe://NAME. HOST is an IP address, IPv6 in brackets;
// without it every address of the machine is meant, in tcp:// and udp:// those of both families. Port 0 lets the kernel choose.
//
//	listener NAME       default  what
//	address             required see above
//	backlog             "max"    1 to 2147483647: queue of listen(2); "max" is the system's SOMAXCONN. Not for udp, unixgram, fifo
//	sharing             "all"    "all": one socket for every generation; tcp: "generation": one for each, "worker": one for each worker of
//	                             each, and the kernel sends new connections to the current generation. For one service, and not with
//	                             multipath, reuse_port, strategy "rolling"
//	mode owner group    -        of the file of unix, unixgram, unixpacket, fifo
//	take_from           -        who has the socket now: "pid:1234", "pidfile:/run/nginx.pid", "haproxy:/run/haproxy.sock" (its
//	                             stats socket, with expose-fd listeners), "s6-fdholder:/run/fdholder.sock#ID" (ID: the listener's
//	                             name). Not for fifo; haproxy: tcp and unix; a port that is not 0, but for s6-fdholder
//	ipv6_only           false    tcp, udp: do not take IPv4 as well
//	reuse_port          false    tcp, udp: others may bind the same address, SO_REUSEPORT
//	free_bind           false    tcp, udp: the address need not exist yet, IP_FREEBIND
//	transparent         false    tcp, udp: accept for addresses of others, IP_TRANSPARENT
//	bind_device         -        tcp, udp: name of a network device, SO_BINDTODEVICE
//	mark                -        tcp, udp: 32 bits for routing and firewalls, 16 or "0x10", SO_MARK
//	keepalive           -        tcp: SO_KEEPALIVE
//	keepalive_idle      -        tcp: duration of whole seconds, 1s to 32767s
//	keepalive_interval  -        tcp: likewise
//	keepalive_count     -        tcp: 1 to 127 probes
//	no_delay            -        tcp: TCP_NODELAY
//	defer_accept        -        tcp: duration of whole seconds; accept when the first bytes are there
//	fast_open           -        tcp: length of the queue of TCP_FASTOPEN
//	user_timeout        -        tcp: duration of whole milliseconds, TCP_USER_TIMEOUT
//	congestion          -        tcp: name of a congestion control
//	multipath           false    tcp: MPTCP
//	receive_buffer      -        tcp, udp, unix*: size, SO_RCVBUF
//	send_buffer         -        tcp, udp, unix*: size, SO_SNDBUF
//	tos                 -        tcp, udp: 0 to 255, IP_TOS or IPV6_TCLASS
//	ttl                 -        tcp, udp: 1 to 255
//	priority            -        tcp, udp: number, SO_PRIORITY
//	pass_credentials    -        unix*: SO_PASSCRED
//	broadcast           -        udp, udp4: SO_BROADCAST
//	pipe_size           -        fifo: size, 4KiB to 1GiB, F_SETPIPE_SZ
//
//	service NAME        default  what
//	command             required list: the program and its arguments; no shell is involved. Late
//	listeners           []       names; their order is that of the descriptors
//	preset              -        name of a known program: defaults for handoff, listen_pid, ready, stop and rollout; see Presets
//	handoff             ["systemd", "einhorn", "server-starter"]   dialects, the variables and descriptors of a convention;
//	                             on Windows ["handles", "systemfd"]: inherited handles in LISTEN_HANDLES, and what the crate listenfd
//	                             asks for; "systemd" means "handles" there, and "systemfd" means "systemd" everywhere else;
//	                             nginx, angie, php-fpm, unicorn, puma, gunicorn, nghttpx, upstart, circus (in arguments);
//	                             tableflip (alone); endless, grace, goagain, overseer (one of them: they signal their parent);
//	                             "stdin" for one listener as descriptor 0; "none" for descriptors 3, 4, … without a word; and on
//	                             a socket in worker.runtime_dir: haproxy, zerg, s6-fdholder, multibinder; or "adopt" (alone), for
//	                             programs that bind tcp and unix addresses themselves: they are answered with the listeners
//	listen_pid          "own"    systemd: LISTEN_PID is the worker's own number, "omit": left out, for programs behind a shell,
//	                             "parent": that of its parent with "parent:" before it
//	fd_store            0        systemd: 0 to 128 descriptors that workers store by FDSTORE=1, handed to every later one
//	workers             1        0 to 1000 processes
//	directory           folder of the file. Late
//	user group groups   -        names or numbers
//	umask               -        permission bits
//	environment         {}       { NAME = value }; null leaves a variable out. Late
//	environment_files   []       paths of NAME=VALUE lines as in systemd.exec(5); "-/path" may be missing
//	inherit_environment true     workers get supervise's environment below theirs
//	nice                -        -20 to 19
//	oom_score_adjust    -        -1000 to 1000
//	no_new_privileges   false    prctl(2)
//	output              "prefix" "prefix": to supervise's output; "inherit", "null", "file://PATH"
//	depends_on          []       services that must be ready before
//
//	ready               default  what
//	when                "auto"   "auto": any message of readiness, else alive for settle; "notify": READY=1 of sd_notify(3);
//	                             "started"; "newline": a line on descriptor fd; "crank", "uwsgi", "pm2": the message of NOTIFY_FD,
//	                             of the emperor, of process.send on it; "upstart": it stops itself by SIGSTOP and is continued;
//	                             "log": a line that matches pattern;
//	                             "http": url answers 2xx or 3xx; "exec": command exits with 0
//	timeout             "30s"    at least 1ms, for all workers of a generation
//	settle              "1s"     auto; "0s" is at once
//	interval            "500ms"  http, exec, upstart: at least 10ms between two checks
//	fd                  the number after the listeners; newline, crank, uwsgi, pm2: up to 1023
//	pattern             required for log: regular expression in RE2 syntax. Late
//	url                 required for http: http:// or https://. Late
//	expect              -        http: regular expression (RE2) that the first 64 KiB of the answer's body match. Late
//	command             required for exec: list. Late
//
//	stop                default  what
//	signal              "SIGTERM" name or Linux's number
//	drain               "30s"    a worker that gets no new connections is left alone so long, until it has none. Needs sharing "generation"
//	                             or "worker" in a listener, waits for connections of such ones, and is "0s" where there is none
//	timeout             "30s"    after the signal; then the process tree is killed; "0s" is at once
//
//	restart             default  what
//	when                "always" "always", "on-failure", "never"
//	backoff             "100ms"  at least 1ms before the first restart, doubled for each further one
//	backoff_max         "30s"    at least backoff
//	window              "60s"    a worker that lived so long starts with backoff again; "0s": each one does
//
//	rollout             default  what
//	strategy            "overlap" "overlap": start the new generation, then stop the old one; "replace": the other way round;
//	                             "rolling": worker by worker
//	bake                "0s"     a ready generation must stay healthy so long
//	max_surge           1        rolling: workers above, 0 to 1000
//	max_unavailable     0        rolling: workers below; both 0 is an error
//	keep_old            "0s"     overlap: the generation before goes on without new connections so long, for a rollback at once
//	canary              -        a block. overlap: a ready generation is tried before it is promoted. It and keep_old need
//	                             sharing "generation" or "worker" in every listener
//
//	canary              default  what
//	share               required "5%", of the new connections
//	for                 required at least 1s
//
//	health              default  what: checks of workers that are ready; each kind that is given is checked
//	http                -        URL: 2xx or 3xx is good. Late
//	expect              -        http: regular expression (RE2) that the first 64 KiB of the answer's body match. Late
//	command             -        list: exit status 0 is good; exec is another word for it. Late
//	watchdog            -        at least 10ms: WATCHDOG_USEC and WATCHDOG_PID are set, and a worker hangs that does not send
//	                             WATCHDOG=1 so often; it is ended by SIGABRT
//	interval            "10s"    http, command: at least 10ms from one check to the next
//	timeout             "5s"     http, command: at least 1ms; a check that takes longer has failed
//	failures            3        http, command: 1 to 1000 failed checks in a row make a worker unhealthy
//
//	limits              default  what
//	nofile nproc        -        number, "SOFT:HARD", "unlimited" (nproc): setrlimit(2)
//	core                -        size, "SOFT:HARD", "unlimited"
//	memory_max          -        size, of all processes of a worker together; these three need control groups of version 2
//	cpu_max             -        "50%" of one CPU, or "1.5" CPUs
//	pids_max            -        processes and threads
//
//	hooks               default  what
//	before_start after_ready before_stop after_stop   -   lists: a program and its arguments. Late
//
//	serve NAME          default  what: a socket at which other programs get listeners in a protocol that they know
//	protocol            required "haproxy", "zerg" (of uWSGI), "s6-fdholder", "multibinder"
//	address             required unix://PATH or unix://@NAME
//	listeners           required names of those that are given away
//	mode group          -        of the path: permission bits, name or number; members of the group may ask
//	users               []       names or numbers of users who may ask, beside root and supervise's own
//	store               []       s6-fdholder: patterns like "app.*" of identifiers that clients may store and delete
//
//	control             default  what
//	address             by the name of the file   unix://PATH, on Windows pipe://NAME
//	mode                -        permission bits
//	group               -        its members may send commands
//
//	log                 default  what
//	level               "info"   "trace", "debug", "info", "warn", "error"
//	format              "text"   "text", "json"
//
// # Expressions
//
// Everywhere: env.NAME (of supervise; an error when not set), cpus and system ("linux", "windows", "darwin", ...), and the functions try, can, lower, upper, replace,
// join, format, min and max. Attributes marked late are evaluated for each worker and see as well listener.NAME.address,
// .fd (of the service's own listeners), .host and .port or .path, service.name, generation (from 1), worker.index (from 0)
// and worker.runtime_dir. A name that is no identifier is written listener["my.name"].
//
//	environment = {
//	  ADMIN_PORT = 9000 + worker.index
//	  LOG_LEVEL  = try(env.LOG_LEVEL, "info")
//	}
//
// # Presets
//
// A preset gives what a known program needs: how it takes sockets, how it says that it is ready, on which signal it drains.
// What the service says itself wins. What goes wrong with the program as it is configured is a warning.
//
//	service "proxy" {
//	  preset    = "nginx"
//	  command   = ["nginx", "-g", "pid ${worker.runtime_dir}/nginx.pid;"]
//	  listeners = ["web"]
//	}
//
// Known and refused, "not supported yet": metrics; pingora of handoff.
package config
