// Package control is the control API: HTTP/JSON over a unix socket, on Windows over a named pipe, both sides of it.
//
//	GET  /v1/version
//	GET  /v1/status[?service=NAME…][&brief=1]    supervisor.Status; brief: without the connections of workers
//	GET  /v1/events[?follow=1]                   supervisor.Event, one a line
//	GET  /v1/logs[?service=NAME][&lines=N][&follow=1]  output.Line, one a line (lines: 100 unless told)
//	GET  /v1/descriptors?name=NAME…              the sockets themselves, see below
//	POST /v1/services/NAME/{start,stop,rollback}
//	POST /v1/services/NAME/restart               nothing, or {"canary":"5%","for":"10m"}
//	POST /v1/services/NAME/promote               nothing, or {"retire":true}
//	POST /v1/services/NAME/scale                 {"workers":4}
//	POST /v1/services/NAME/signal                {"signal":"SIGUSR1"}
//	POST /v1/listeners/NAME/{hold,release}
//	POST /v1/reload                              nothing, or {"take":{"web":"pid:1234"}}
//	POST /v1/upgrade
//
// curl is a complete client:
//
//	curl --unix-socket /run/supervise/app.sock http://supervise/v1/status
//	curl --unix-socket /run/supervise/app.sock -X POST http://supervise/v1/services/app/restart
//	curl --unix-socket /run/supervise/app.sock http://supervise/v1/services/app/scale -d '{"workers":4}'
//
// # Answers
//
// Every answer is JSON. A POST answers with lines: what happens while it happens, then exactly one result.
//
//	client                                  supervise
//	  │── POST /v1/services/app/restart ──────▶│
//	  │◀── {"event":{"kind":"rollout.start",…}}│  any number of them
//	  │◀── {"event":{"kind":"rollout.ready",…}}│
//	  │◀── {"result":{"ok":true}} ─────────────│  the last line
//
// A failure is {"result":{"ok":false,"error":"one sentence","output":["last lines of the worker"],"code":1}}; code is the
// exit code of the command line. What is wrong from the start also has a status of its own: 400 a request that
// is not understood, 403 not allowed, 404 no such service or path, 405 wrong method, 409 not possible or failed. Once a
// line was sent the status is 200: read the last line. An answer without a result means that the manager went away: what was
// begun goes on, and the next manager answers at the same socket. [Patient] is the client that finds out there how it ended. An upgrade
// that goes well always ends so.
//
// # Descriptors
//
// A connection can be switched over to hand out listeners: duplicates of the named ones, in the messages of
// [fdpass.Send]. That is what [fdpass.Request] does.
//
//	client                                                              supervise
//	  │── GET /v1/descriptors?name=web&name=admin HTTP/1.1                  │
//	  │   Connection: Upgrade, Upgrade: supervise-descriptors ─────────────▶│
//	  │◀── 101 Switching Protocols ─────────────────────────────────────────│  any other status: the body is a result
//	  │◀── names and descriptors (SCM_RIGHTS), then the end ────────────────│
//
// # Clients that go away
//
// An operation that was begun goes on without its client. A client that reads slowly or not at all misses events, holds
// up nobody, and is dropped after ten seconds.
//
// # Who may
//
// The kernel says who connects (SO_PEERCRED, unix(7)): the user that supervise runs as, root, and members of
// control.group, all others get 403 whatever the mode of the socket is.
//
// On Windows the pipe has an access list, and the kernel says again who is connected (ImpersonateNamedPipeClient): the user that
// supervise runs as, SYSTEM, Administrators where that is no mere reason to deny (User Account Control), and control.group. A pipe carries
// no sockets, so /v1/descriptors is for other systems.
package control
