// Package dialect knows the conventions by which programs learn which of their
// descriptors are listening sockets. Each convention is a pure function from
// the sockets of a service to environment variables and descriptor numbers, in
// a file of its own that names where the format was read; one table lists them.
//
//	dialect          for                                          how
//	systemd          nearly everything of today                   3, 4, …; LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID
//	einhorn          Stripe's einhorn, sidekiq, goji              3, 4, …; EINHORN_FD_*; acknowledges to EINHORN_SOCK_PATH
//	server-starter   Starlet, Starman, h2o, Go's listener         3, 4, …; SERVER_STARTER_PORT
//	nginx            nginx, OpenResty, Tengine                    3, 4, …; NGINX
//	angie            Angie                                        3, 4, …; ANGIE
//	php-fpm          php-fpm                                      3, 4, …; FPM_SOCKETS
//	unicorn          unicorn, Rainbows!                           3, 4, …; UNICORN_FD
//	puma             puma                                         3, 4, …; PUMA_INHERIT_*
//	gunicorn         gunicorn (it reads systemd's, too: better)   3, 4, …; GUNICORN_FD, GUNICORN_PID
//	nghttpx          nghttpx                                      3, 4, …; NGHTTPX_ACCEPT_*; signals its parent
//	tableflip        Go programs with cloudflare/tableflip        5, 6, …; a pipe at 3, a list at 4
//	overseer         Go programs with jpillora/overseer           3, 4, …; OVERSEER_*; watches its parent
//	endless          Go programs with fvbock/endless              3, 4, …; ENDLESS_CONTINUE; signals its parent
//	grace            Go programs with facebookgo/grace            3, 4, …; LISTEN_FDS; signals its parent
//	goagain          Go programs with rcrowley/goagain            3; GOAGAIN_*; signals its parent
//	upstart          uWSGI, jobs of Upstart's socket bridge       3; UPSTART_FDS
//	circus           commands written for Circus                  3, 4, …; $(circus.sockets.NAME) in arguments
//	stdin            FastCGI programs, inetd's "wait"             0
//	none             programs that get the number otherwise       3, 4, …
//	handles          on Windows: our worker package, and others   inherited handles; LISTEN_HANDLES, LISTEN_FDNAMES
//	haproxy          haproxy -x                                   fetched from haproxy.sock in the runtime folder
//	zerg             uwsgi --zerg                                 fetched from zerg.sock
//	s6-fdholder      s6-fdholder-retrieve                         fetched from fdholder.sock
//	multibinder      programs with GitHub's multibinder           fetched from MULTIBINDER_SOCK
//	systemfd         Rust programs with listenfd                  on Windows fetched from SYSTEMFD_SOCKET_SERVER; else systemd's
//	adopt            programs that know nothing of it             nothing: they bind by themselves, and are answered
//
// Several conventions may be spoken at once, because a program ignores the
// variables it does not know: that is why a service gets systemd, einhorn and
// server-starter together unless it is told otherwise. Those that cannot be had
// together, because both want a descriptor number or a variable, are an error.
//
//	sockets of the service ──Combine──▶ Plan{Numbers, Env, Channels, Serve, Parent, …} ──stage──▶ worker
//	command ──Arguments──▶ command with numbers in it
//	worker's environment ──Parse, on Windows ParseHandles──▶ []Received
//
// Programs that were written to replace themselves signal their parent once they serve. They
// get a small parent of their own (Plan.Parent), and the signal says that they are ready. Other
// ways to say so over a descriptor are those of ReadyChannel. Traps tells what programs are
// known to do to sockets that they are given.
//
// Nothing here opens, duplicates or closes a descriptor, or reads this process's
// environment. Some variables cannot be known before the worker exists: its own pid, its parent's, the
// inode of its pidfd. Plan only names those, and the stage, which is the
// process that becomes the worker, fills them in.
package dialect
