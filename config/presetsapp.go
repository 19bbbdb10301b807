package config

func phpFPM() Preset {
	pid := "${worker.runtime_dir}/php-fpm.pid"
	return Preset{
		Name: "php-fpm", About: "PHP-FPM: PHP over FastCGI",
		Handoff: []string{"php-fpm"}, Ready: "notify", Signal: "SIGQUIT",
		Command: []string{"php-fpm8.2", "-F", "-g", pid}, PIDFile: pid,
		Needs: []string{
			"Every listen of a pool must be the address of a listener, written as it is: 127.0.0.1:9000. PHP-FPM closes sockets that no pool names, and unlinks the path of a unix one.",
			"process_control_timeout = 10s in php-fpm.conf, or a request that runs is cut.",
		},
		Traps: []Trap{
			{Text: "PHP-FPM goes to the background, and supervise sees it exit", Advice: `Add "-F" to the command.`, when: lacks("-F ", "--nodaemonize")},
			byAddress("PHP-FPM", "Write listen = PORT in the pool."),
			{
				Text: "PHP-FPM unlinks the path of its socket when it ends; supervise puts it back, but a client that connects in between is refused", Advice: "Use a tcp listener.",
				when: unixListener(),
			},
			cuts("PHP-FPM", "SIGQUIT", "SIGTERM", "SIGINT"),
			samePID("the old PHP-FPM deletes the pid file of the new one when it quits", `Write "-g", "`+pid+`", or leave it out.`),
		},
	}
}

func uwsgi() Preset {
	return Preset{
		Name: "uwsgi", About: "uWSGI: Python, Ruby and others",
		Handoff: []string{"systemd"}, Ready: "notify", Signal: "SIGTERM",
		Command: []string{
			"uwsgi", "--master", "--plugin", "python3", "--protocol", "http", "--wsgi-file", "app.py",
			"--hook-master-start", "unix_signal:15 gracefully_kill_them_all",
		},
		Needs: []string{
			"master, and no socket or http-socket of its own: uWSGI takes every socket it is given; protocol says what is spoken there.",
			`hook-master-start = unix_signal:15 gracefully_kill_them_all: by itself uWSGI reloads on SIGTERM, with die-on-term it cuts requests, as on SIGINT and SIGQUIT.`,
			`Its READY=1 comes a moment before that hook. A second one, hook-master-start = print:TERM is graceful, with ready { when = "log", pattern = "^TERM is graceful$" }, comes after it.`,
		},
		Traps: []Trap{
			{
				Text:   "uWSGI does not drain on SIGTERM by itself: it reloads, or cuts its requests with die-on-term",
				Advice: `Add "--hook-master-start", "unix_signal:15 gracefully_kill_them_all" to the command.`,
				when:   both(lacks("gracefully_kill_them_all", "--ini", ".ini", "--xml", ".xml", "--yaml", ".yaml", ".yml", "--json", ".json"), signalled("SIGTERM")),
			},
			{
				Text: "uWSGI would open this address beside the sockets that it is given", Advice: `Write "--protocol", "http" in its place.`,
				when: has("--http-socket", "--socket "),
			},
			{
				Text: "uWSGI says that it is ready only with a master", Advice: `Add "--master" to the command.`,
				when: both(lacks("--master", "-M ", "--ini", ".ini", "--xml", ".xml", "--yaml", ".yaml", ".yml", "--json", ".json"), waitsFor("notify")),
			},
			cuts("uWSGI", "SIGTERM with hook-master-start", "SIGINT", "SIGQUIT"),
		},
	}
}

func gunicorn() Preset {
	return Preset{
		Name: "gunicorn", About: "Gunicorn: Python WSGI",
		Handoff: []string{"systemd"}, Ready: "notify", Signal: "SIGTERM",
		Command: []string{"gunicorn", "app:application"},
		Needs: []string{
			"No bind: sockets that it is given take its place. It sets a backlog of its own (2048), which supervise sets back.",
			"graceful_timeout below stop.timeout.",
			"Its READY=1 comes before its workers are there: one that is not yet misses SIGTERM. examples/servers/gunicorn is ready when all of them are.",
		},
		Traps: []Trap{
			cuts("Gunicorn", "SIGTERM", "SIGQUIT", "SIGINT"),
			samePID("Gunicorn refuses to start while the pid file names one that runs", `Write "--pid", "${worker.runtime_dir}/gunicorn.pid", or leave it out.`),
		},
	}
}

func uvicorn() Preset {
	return Preset{
		Name: "uvicorn", About: "Uvicorn: Python ASGI",
		Handoff: []string{"none"}, Ready: "log", Pattern: "Uvicorn running on", Signal: "SIGTERM",
		Command: []string{"uvicorn", "--fd", "${listener.web.fd}", "app:application"},
		Needs: []string{
			"One listener. It sets a backlog of its own (2048), which supervise sets back.",
			"When it stops it closes connections that were accepted and have not sent a request yet, and has no option against it.",
		},
		Traps: []Trap{
			{
				Text: "Uvicorn takes a socket only by --fd, and opens a port of its own otherwise", Advice: `Add "--fd", "${listener.web.fd}" to the command.`,
				when: both(lacks("--fd"), anyListener()),
			},
			{
				Text: "Uvicorn does not print the line for which ready waits", Advice: `Remove --log-level, or write ready { when = "auto" }.`,
				when: both(has("--log-level warning", "--log-level error", "--log-level critical", "--log-level=warning", "--log-level=error", "--log-level=critical"), waitsFor("log")),
			},
		},
	}
}

func hypercorn() Preset {
	return Preset{
		Name: "hypercorn", About: "Hypercorn: Python ASGI",
		Handoff: []string{"none"}, Ready: "log", Pattern: "Running on ", Signal: "SIGTERM",
		Command: []string{"hypercorn", "--bind", "fd://${listener.web.fd}", "app:application"},
		Needs: []string{
			"It sets a backlog of its own (100), which supervise sets back.",
			"--graceful-timeout (3 seconds) is how long it drains; connections that have not sent a request yet are closed.",
		},
		Traps: []Trap{
			{
				Text: "Hypercorn takes a socket only by fd://, and opens a port of its own otherwise", Advice: `Add "--bind", "fd://${listener.web.fd}" to the command.`,
				when: both(lacks("fd://", "--config", "-c "), anyListener()),
			},
			samePID("both generations of Hypercorn would write the same pid file", `Write "--pid", "${worker.runtime_dir}/hypercorn.pid", or leave it out.`),
		},
	}
}

func unicorn() Preset {
	return Preset{
		Name: "unicorn", About: "Unicorn: Ruby Rack",
		Handoff: []string{"unicorn"}, Ready: "log", Pattern: `worker=\d+ ready`, Signal: "SIGQUIT",
		Command: []string{"unicorn", "-E", "production", "config.ru"},
		Needs: []string{
			"A listen of its configuration must be the address of a listener, or none is there. It sets a backlog of its own (1024), which supervise sets back.",
			"No pid of its own, or one for each generation; no stderr_path, or ready { when = \"auto\" }.",
		},
		Traps: []Trap{
			cuts("Unicorn", "SIGQUIT", "SIGTERM", "SIGINT"),
			{Text: "Unicorn goes to the background, and supervise sees it exit", Advice: "Remove it.", when: has(" -D ", "--daemonize")},
		},
	}
}

func puma() Preset {
	return Preset{
		Name: "puma", About: "Puma: Ruby Rack",
		Handoff: []string{"systemd"}, Ready: "auto", Settle: "5s", Signal: "SIGTERM",
		Command: []string{"puma", "-C", "puma.rb", "--bind-to-activated-sockets=only", "config.ru"},
		Needs: []string{
			"queue_requests false in puma.rb: else Puma closes connections that were accepted and have not sent anything yet when it stops.",
			"Without that flag a bind must be the address of a listener: sockets that no bind names are closed. Puma 5.5 or newer.",
			"It says that it is ready from 6.1 on, or with the gem sd_notify: then ready { when = \"notify\" }. Else auto has to do: alive for 5 s.",
		},
		Traps: []Trap{
			{
				Text:   "Puma finds its sockets by the addresses of its binds, and opens port 9292 when none is given",
				Advice: `Add "--bind-to-activated-sockets=only" to the command.`,
				when:   both(lacks("--bind-to-activated-sockets", "-b ", "--bind", "-p ", "--port", "-C ", "--config"), anyListener()),
			},
			{
				Text:   "Puma closes connections that have not sent anything yet when it stops, unless queue_requests is false",
				Advice: `Write queue_requests false into a puma.rb, and add "-C", "puma.rb" to the command.`,
				when:   lacks("-C ", "--config"),
			},
			cuts("Puma", "SIGTERM", "SIGINT"),
			samePID("the old Puma deletes the pid file of the new one", `Write "--pidfile", "${worker.runtime_dir}/puma.pid", or leave it out.`),
		},
	}
}

func nodeJS() Preset {
	return Preset{
		Name: "node", About: "Node.js programs",
		Handoff: []string{"systemd"}, Ready: "auto", Signal: "SIGTERM",
		Command: []string{"node", "server.js"},
		Needs: []string{
			"server.listen({ fd: 3 }) when LISTEN_FDS is set, and process.on('SIGTERM', () => server.close()): without that Node ends at once.",
			`A program that calls process.send('ready'), as for pm2: ready { when = "pm2" }.`,
		},
	}
}

func python() Preset {
	return Preset{
		Name: "python", About: "Python programs, as with http.server",
		Handoff: []string{"systemd"}, Ready: "auto", Signal: "SIGTERM",
		Command: []string{"python3", "server.py"},
		Needs: []string{
			"socket.socket(fileno=3) when LISTEN_FDS is set; HTTPServer(address, handler, bind_and_activate=False) with that as its socket.",
			"A handler of SIGTERM that calls shutdown() from another thread: without one Python ends at once.",
		},
	}
}

func java() Preset {
	return Preset{
		Name: "java", About: "Java programs",
		Handoff: []string{"stdin"}, Ready: "auto", Settle: "10s", Timeout: "2m", Signal: "SIGTERM",
		Command: []string{"java", "-jar", "app.jar"},
		Needs: []string{
			"System.inheritedChannel() gives descriptor 0 as a ServerSocketChannel: one listener. Jetty has inheritChannel for it.",
			"A shutdown hook that drains. auto means alive for 10 s here; ready { when = \"log\" } or \"http\" is faster, and knows.",
		},
	}
}

func golang() Preset {
	return Preset{
		Name: "go", About: "Go programs, and all that read LISTEN_FDS",
		Handoff: []string{"systemd"}, Ready: "auto", Signal: "SIGTERM",
		Command: []string{"./app"},
		Needs: []string{
			"fdpass/worker, or activation of go-systemd, which finds sockets by the names of listeners.",
			`A program that sends READY=1: ready { when = "notify" }.`,
		},
	}
}

func tableflip() Preset {
	return Preset{
		Name: "tableflip", About: "Go programs with cloudflare/tableflip",
		Handoff: []string{"tableflip"}, Ready: "notify", Signal: "SIGTERM",
		Command: []string{"./app"},
		Needs: []string{
			"Network and address of upg.Listen must be those of the listener: \"tcp\", \"127.0.0.1:8080\".",
			"upg.Ready(), which is the message for which ready waits, and upg.Exit() with a drain after SIGTERM.",
		},
		Traps: []Trap{
			{
				Text: "a tableflip program starts its own successor on SIGHUP", Advice: "Use SIGTERM, on which the program must call upg.Stop().",
				when: signalled("SIGHUP"),
			},
		},
	}
}

func einhorn() Preset {
	return Preset{
		Name: "einhorn", About: "programs made for einhorn",
		Handoff: []string{"einhorn"}, Ready: "auto", Signal: "SIGUSR2",
		Command: []string{"./app"},
		Needs: []string{
			"worker:ack over EINHORN_SOCK_PATH counts as ready: with it ready { when = \"notify\" } is faster.",
		},
	}
}

func inetd() Preset {
	return Preset{
		Name: "inetd", About: "programs for inetd's wait, FastCGI: the listener is descriptor 0",
		Handoff: []string{"stdin"}, Ready: "auto", Signal: "SIGTERM",
		Command: []string{"./daemon"},
		Needs:   []string{"One listener. Programs for nowait (sshd -i) want a connection and cannot be run."},
	}
}
