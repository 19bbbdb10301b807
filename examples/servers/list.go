//go:build linux

package main

// servers is the table.
var servers = []server{
	{
		name: "nginx", programs: []string{"nginx"}, install: "nginx-light", handoff: "nginx", port: 8101, keeps: true,
		note: "QUIT",
	},
	{
		name: "haproxy", programs: []string{"haproxy"}, install: "haproxy", handoff: "none (`bind fd@`)", port: 8102, keeps: true,
		note: "USR1, with `bake`: for a moment after `READY=1` the master misses it",
	},
	{
		name: "haproxy-x", programs: []string{"haproxy"}, install: "haproxy", handoff: "haproxy (`-x`)", port: 8119, keeps: true,
		note: "USR1, with `bake`: for a moment after `READY=1` the master misses it",
	},
	{
		name: "apache2", programs: []string{"apache2", "cc"}, install: "apache2 gcc libc6-dev", handoff: "systemd, by preload.c", port: 8116, keeps: true,
		note: "WINCH. Debian's is built without systemd; a library for LD_PRELOAD answers its bind(2) with the listener",
	},
	{
		name: "lighttpd", programs: []string{"lighttpd"}, install: "lighttpd", handoff: "systemd", port: 8103, keeps: true,
		note: "INT, with `server.graceful-shutdown-timeout`: else it cuts off what takes longer than 8 s",
	},
	{
		name: "h2o", programs: []string{"h2o"}, install: "h2o", handoff: "server-starter", port: 8114, keeps: true,
		note: "TERM, with `num-threads: 1`, and `workers` for more processes: of several threads the first that counts no connections ends the process, also while another one is just accepting (seen once)",
	},
	{
		name: "nghttpx", programs: []string{"nghttpx"}, install: "nghttp2-proxy", handoff: "nghttpx", port: 8117, keeps: true,
		note: "QUIT",
	},
	{
		name: "php-fpm", programs: []string{"php-fpm8.2"}, install: "php-fpm", handoff: "php-fpm", port: 8104, keeps: true, fastCGI: true,
		note: "QUIT, with `process_control_timeout`",
	},
	{
		name: "uwsgi", programs: []string{"uwsgi"}, install: "uwsgi-core uwsgi-plugin-gevent-python3", handoff: "systemd", port: 8105, keeps: true,
		note: "TERM with `hook-master-start`, ready when that has run (`READY=1` comes before it), and the gevent loop: in the plain one a worker drops what it accepts while the signal comes, 1 in 100,000",
	},
	{
		name: "gunicorn", programs: []string{"gunicorn"}, install: "gunicorn", handoff: "systemd", port: 8106, keeps: true,
		note: "TERM, ready when all its workers listen to it (`post_worker_init`): `READY=1` comes before them",
	},
	{
		name: "uvicorn", programs: []string{"uvicorn"}, install: "uvicorn", handoff: "number in `--fd`", port: 8107,
		note: "TERM closes connections that were accepted and not read yet. The way out: uvicorn-drain",
	},
	{
		name: "uvicorn-drain", programs: []string{"uvicorn"}, install: "uvicorn", handoff: "number in an argument", port: 8118, keeps: true,
		note: "TERM. uvicorn with a `shutdown` that waits for those (15 lines)",
	},
	{
		name: "hypercorn", programs: []string{"hypercorn"}, install: "python3-hypercorn", handoff: "number in `--bind`", port: 8108,
		note: "TERM. 0 to 11 in a run: it does not know yet what asyncio accepted a moment before. The way out: uvicorn-drain, or a proxy before it that repeats requests",
	},
	{
		name: "puma", programs: []string{"puma"}, install: "puma ruby-sd-notify", handoff: "systemd", port: 8109, keeps: true,
		note: "TERM, with `queue_requests false`: else it closes connections that were accepted and have not sent anything yet",
	},
	{
		name: "unicorn", programs: []string{"unicorn"}, install: "unicorn", handoff: "unicorn", port: 8110, keeps: true,
		note: "QUIT",
	},
	{
		name: "starlet", programs: []string{"plackup"}, install: "starlet", handoff: "server-starter", port: 8112, keeps: true,
		note: "TERM, repeated by the program: Starlet says that it accepts a moment before it traps it",
	},
	{
		name: "starman", programs: []string{"starman"}, install: "starman", handoff: "server-starter", port: 8113,
		note: "QUIT. A worker drops what it accepts while the signal comes. The way out: starlet",
	},
	{
		name: "node", programs: []string{"node"}, install: "nodejs", handoff: "number in an argument", port: 8111, keeps: true,
		note: "TERM, on which the program calls `server.close()`",
	},
	{
		name: "python", programs: []string{"python3"}, install: "python3", handoff: "number in an argument", port: 8115, keeps: true,
		note: "TERM, on which the program calls `shutdown()`; threads that are no daemons",
	},

	// In Go, from gosrv.
	{
		name: "worker", handoff: "systemd", port: 8130, keeps: true,
		note: "TERM, with `worker.Serve`",
	},
	{
		name: "shutdown", handoff: "systemd", port: 8131,
		note: "TERM. `http.Server.Shutdown` by itself closes what it has read a moment before (golang/go#75591). The way out: `worker.Serve`",
	},
	{
		name: "go-systemd", handoff: "systemd", port: 8132, keeps: true,
		note: "TERM, with `worker.Serve`",
	},
	{
		name: "server-starter", handoff: "server-starter", port: 8133, keeps: true,
		note: "TERM, with `worker.Serve`",
	},
	{
		name: "tableflip", handoff: "tableflip", port: 8134, keeps: true,
		note: "TERM, with `worker.Serve`",
	},
	{
		name: "endless", handoff: "endless", port: 8135, keeps: true,
		note: "TERM, repeated by the program: endless says that it serves a moment before it heeds signals, and one in between ended it",
	},
	{
		name: "grace", handoff: "grace", port: 8136, keeps: true,
		note: "TERM, repeated by the program: grace says that it serves a moment before it listens to signals, and one in between ends it. With `worker.Serve` in the place of httpdown",
	},
	{
		name: "goagain", handoff: "goagain", port: 8137, keeps: true,
		note: "TERM, with `worker.Serve`. goagain closes descriptor 3 twice, the second time under whoever has it then: the program keeps the number busy",
	},
	{
		name: "overseer", handoff: "overseer", port: 8138, keeps: true,
		note: "USR2, repeated by the program: overseer misses one that comes before its goroutine waits for it",
	},
}
