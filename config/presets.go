package config

// The presets. What they say was tried with the programs of Debian 12 where Debian has them.

func presets() []Preset {
	return []Preset{
		nginx("nginx", "nginx, OpenResty, Tengine: proxy and web server"), nginx("angie", "Angie, a fork of nginx"),
		haproxy(), apache(), lighttpd(), caddy(), traefik(), envoy(), h2o(), nghttpx(),
		phpFPM(), uwsgi(), gunicorn(), uvicorn(), hypercorn(), unicorn(), puma(),
		nodeJS(), python(), java(), golang(), tableflip(), einhorn(), inetd(),
	}
}

// cuts is the trap of a stop signal on which a program drops what it has accepted.
func cuts(program, good string, bad ...string) Trap {
	return Trap{
		Text: program + " drops its connections on this signal", Advice: "Use " + good + ", or remove the line.",
		when: signalled(bad...),
	}
}

// samePID is the trap of a pid file that both generations would write, and the old one delete.
func samePID(consequence, advice string) Trap {
	return Trap{Text: consequence, Advice: advice, when: sharedPID(false)}
}

// byAddress is the trap of a program that finds its sockets by their address.
func byAddress(program, write string) Trap {
	return Trap{
		Text:   program + " finds a socket by its address, and that of this one is [::]:PORT for both families",
		Advice: write + " Or write the address with tcp4:// here.",
		when:   dualStack(),
	}
}

func nginx(name, about string) Preset {
	pid := "${worker.runtime_dir}/" + name + ".pid"
	return Preset{
		Name: name, About: about,
		Handoff: []string{name}, Ready: "auto", Settle: "4s", Signal: "SIGQUIT",
		Command: []string{name, "-g", "pid " + pid + ";"}, PIDFile: pid,
		Needs: []string{
			"Every listen of " + name + ".conf must be the address of a listener: sockets that no listen names are closed, and a listen without a socket is opened anew, which fails.",
			"auto means alive for 4 s here: one that cannot bind tries for 2.5 s and ends then. Faster: -e stderr, error_log stderr notice, and ready { when = \"log\", pattern = \"start worker process\" }.",
			"No pid line in " + name + ".conf: with the one of the command it would be there twice, which is an error. Debian's has one.",
		},
		Traps: []Trap{
			{
				Text:   "the old " + name + " deletes the pid file of the new one when it quits",
				Advice: `Add "-g", "pid ` + pid + `;" to the command, and remove the pid line of ` + name + ".conf.",
				when:   sharedPID(true),
			},
			byAddress(name, "Write listen [::]:PORT ipv6only=off in "+name+".conf."),
			cuts(name, "SIGQUIT", "SIGTERM", "SIGINT"),
		},
	}
}

func haproxy() Preset {
	return Preset{
		Name: "haproxy", About: "HAProxy: proxy",
		Handoff: []string{"haproxy"}, Ready: "notify", Signal: "SIGUSR1",
		Command: []string{"haproxy", "-Ws", "-f", "/etc/haproxy/haproxy.cfg", "-x", "${worker.runtime_dir}/haproxy.sock"},
		Needs: []string{
			"Every bind must be the address of a listener, with the same interface and v6only; HAProxy then takes that socket over the -x socket.",
			`Or: handoff = ["none"], environment = { WEB_FD = listener.web.fd }, and bind "fd@${WEB_FD}" in haproxy.cfg.`,
			`rollout { bake = "1s" } where restarts may follow each other closely: in the moment after READY=1 its master drops a SIGUSR1, and is killed after stop.timeout.`,
		},
		Traps: []Trap{
			{
				Text: "HAProxy asks for its sockets only with -x, and opens them itself otherwise", Advice: `Add "-x", "${worker.runtime_dir}/haproxy.sock" to the command.`,
				when: both(lacks(" -x "), handedBy("haproxy")),
			},
			{
				Text: "HAProxy says that it is ready only with -Ws", Advice: `Add "-Ws" to the command, or write ready { when = "auto" }.`,
				when: both(lacks("-Ws"), waitsFor("notify")),
			},
			cuts("HAProxy", "SIGUSR1", "SIGTERM", "SIGINT"),
			samePID("both generations of HAProxy would write the same pid file", `Write "-p", "${worker.runtime_dir}/haproxy.pid", or leave it out.`),
		},
	}
}

func apache() Preset {
	return Preset{
		Name: "apache", About: "Apache httpd 2.4: web server",
		Handoff: []string{"systemd"}, Ready: "notify", Signal: "SIGWINCH",
		Command: []string{"apache2", "-D", "FOREGROUND", "-C", "PidFile ${worker.runtime_dir}/apache.pid"},
		PIDFile: "${worker.runtime_dir}/apache.pid",
		Needs: []string{
			"A build with systemd, and LoadModule systemd_module: Debian's has neither and opens its ports itself. ip2unix, or the small library of examples/servers, gives the sockets to such a build.",
			"Every Listen is looked up by its port alone; one without a socket is an error. No PidFile line in the configuration.",
		},
		Traps: []Trap{
			{
				Text:   "Apache refuses to start while the pid file names one that runs",
				Advice: `Add "-C", "PidFile ${worker.runtime_dir}/apache.pid" to the command, and remove the PidFile line of the configuration.`,
				when:   sharedPID(true),
			},
			{
				Text: "Apache finds a socket by its port alone, and takes the first of these for both", Advice: "Give each its own port, or use one listener.",
				when: samePort(),
			},
			{Text: "Apache cannot be given a unix socket", Advice: "Use a tcp listener.", when: noStream()},
			{
				Text: "Apache goes to the background, and supervise sees it exit", Advice: `Add "-D", "FOREGROUND" to the command.`,
				when: lacks("FOREGROUND", "-X "),
			},
			cuts("Apache", "SIGWINCH", "SIGTERM", "SIGINT"),
		},
	}
}

func lighttpd() Preset {
	return Preset{
		Name: "lighttpd", About: "lighttpd: web server",
		Handoff: []string{"systemd"}, Ready: "log", Pattern: "server started", Signal: "SIGINT",
		Command: []string{"lighttpd", "-D", "-f", "/etc/lighttpd/lighttpd.conf"},
		Needs: []string{
			`server.systemd-socket-activation = "enable" in lighttpd.conf, server.bind and server.port as the address of the listener.`,
			"No server.pid-file (the old one deletes that of the new one), and no server.errorlog, or ready { when = \"auto\" }.",
			`server.feature-flags = ( "server.graceful-shutdown-timeout" => 25 ), below stop.timeout: by itself lighttpd cuts after 8 s what has not ended.`,
		},
		Traps: []Trap{
			{Text: "lighttpd goes to the background, and supervise sees it exit", Advice: `Add "-D" to the command.`, when: lacks("-D")},
			byAddress("lighttpd", `Write server.bind = "[::]" and server.v6only = "disable" in lighttpd.conf.`),
			cuts("lighttpd", "SIGINT", "SIGTERM"),
		},
	}
}

func caddy() Preset {
	return Preset{
		Name: "caddy", About: "Caddy: web server and proxy",
		Handoff: []string{"none"}, Ready: "notify", Signal: "SIGTERM",
		Command: []string{"caddy", "run", "--config", "/etc/caddy/Caddyfile"},
		Lines:   []string{`environment = { WEB_FD = listener.web.fd }`},
		Needs: []string{
			"bind fd/{env.WEB_FD} in the Caddyfile (fdgram/ for udp): Caddy 2.9 or newer, Debian 12 has 2.6.",
			"grace_period for connections that stay open; admin off, or its address is opened by both generations.",
		},
	}
}

func traefik() Preset {
	return Preset{
		Name: "traefik", About: "Traefik: proxy",
		Handoff: []string{"systemd"}, Ready: "notify", Signal: "SIGTERM",
		Command: []string{"traefik", "--entryPoints.web.address=:8080"},
		Needs: []string{
			"The name of a listener must be that of an entry point: it gets the one socket of its name and protocol.",
			"--entryPoints.web.transport.lifeCycle.graceTimeOut for connections that stay open.",
		},
		Traps: []Trap{
			{
				Text: "Traefik gets a socket only for an entry point of the listener's name", Advice: "Give the listener the name of an entry point.",
				when: unnamed("entry points", "--entrypoints."),
			},
			{Text: "Traefik panics on a unix listener", Advice: "Use a tcp or udp listener.", when: noStream()},
		},
	}
}

func envoy() Preset {
	return Preset{
		Name: "envoy", About: "Envoy: proxy; hands its own sockets on",
		Handoff: []string{"none"}, Ready: "auto", Signal: "SIGTERM",
		Command: []string{
			"envoy", "-c", "/etc/envoy/envoy.yaml", "--restart-epoch", "${generation - 1}",
			"--drain-time-s", "20", "--parent-shutdown-time-s", "60",
		},
		Alone: true,
		Lines: []string{`rollout { bake = "25s" }`},
		Needs: []string{
			"Envoy opens its sockets itself, and a new one gets them from the one before: no listeners here, and the sockets are gone when no Envoy runs.",
			"bake between the two times of the command: Envoy cuts what is left on SIGTERM, and goes by itself after the second.",
			"Epochs must follow each other: after a rollout that failed, stop and start the service.",
		},
		Traps: []Trap{
			{Text: "Envoy takes no sockets, and cannot open what supervise has", Advice: "Remove listeners.", when: anyListener()},
			{
				Text: "a second Envoy cannot start beside the first without the next epoch", Advice: `Add "--restart-epoch", "${generation - 1}" to the command.`,
				when: lacks("--restart-epoch", "--disable-hot-restart", "--base-id"),
			},
		},
	}
}

func h2o() Preset {
	return Preset{
		Name: "h2o", About: "H2O: web server",
		Handoff: []string{"server-starter"}, Ready: "log", Pattern: "is ready to serve requests", Signal: "SIGTERM",
		Command: []string{"h2o", "-m", "worker", "-c", "/etc/h2o/h2o.conf"},
		Needs: []string{
			"Every listen of h2o.conf must be the address of a listener (host and port), and every listener must be there: else H2O does not start.",
			"No pid-file, and no error-log, or ready { when = \"auto\" }.",
		},
		Traps: []Trap{
			byAddress("H2O", `Write host: "::" beside the port in h2o.conf.`),
			{Text: "H2O goes to the background, and supervise sees it exit", Advice: `Write "-m", "worker".`, when: has("-m daemon", "--mode=daemon", "--mode daemon")},
		},
	}
}

func nghttpx() Preset {
	return Preset{
		Name: "nghttpx", About: "nghttpx of nghttp2: proxy",
		Handoff: []string{"nghttpx"}, Ready: "notify", Signal: "SIGQUIT",
		Command: []string{"nghttpx", "--conf", "/etc/nghttpx/nghttpx.conf"},
		Needs: []string{
			"Every frontend must be the address of a listener: nghttpx opens one without a socket itself, which fails.",
			"It signals its parent when it is ready; supervise puts one between.",
		},
		Traps: []Trap{
			byAddress("nghttpx", "Write frontend=::,PORT."),
			cuts("nghttpx", "SIGQUIT", "SIGTERM", "SIGINT"),
			samePID("both generations of nghttpx would write the same pid file", `Write "--pid-file=${worker.runtime_dir}/nghttpx.pid", or leave it out.`),
		},
	}
}
