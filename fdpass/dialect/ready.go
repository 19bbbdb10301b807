package dialect

import (
	"bytes"
	"strconv"
	"strings"
)

// readyChannel is one convention by which a worker says over a descriptor of its own that it is ready.
type readyChannel struct {
	when     string
	kind     ChannelKind
	variable string   // says the number of the descriptor
	env      []string // what else the worker is told
	said     func(received []byte) bool
}

// readyChannels lists them.
//
//	newline  READY_FD=5          the worker writes a line, as s6's notification-fd and dinit's pipevar want it;
//	                             on Windows READY_HANDLE=5, a handle that it has inherited
//	crank    NOTIFY_FD=5         the worker sends the datagram READY=1
//	uwsgi    UWSGI_EMPEROR_FD=5  the worker writes the byte 5 when it accepts; before it may come 17 (loyal) and 26 (alive)
//	pm2      NODE_CHANNEL_FD=5   the worker writes the line "ready", in quotes: process.send('ready') of node
//
// uWSGI ends itself when the other end of its channel is closed, and node loses its channel: keep them open.
//
// Source: s6 servicedir notification-fd; dinit-service(5) ready-notification; crank's sd_notify over NOTIFY_FD; uWSGI
// core/uwsgi.c, core/emperor.c (uwsgi_master_manage_emperor); node lib/internal/child_process/serialization.js; pm2's
// wait_ready.
func readyChannels() []readyChannel {
	return []readyChannel{
		{when: "newline", kind: PipeOut, variable: "READY_FD", said: saysLine},
		{when: "crank", kind: Datagram, variable: "NOTIFY_FD", said: saysReady},
		{when: "uwsgi", kind: Stream, variable: "UWSGI_EMPEROR_FD", said: saysAccepting},
		{when: "pm2", kind: Stream, variable: "NODE_CHANNEL_FD", env: []string{"NODE_CHANNEL_SERIALIZATION_MODE=json"}, said: saysQuoted},
	}
}

// ReadyChannel returns the channel at descriptor fd by which a worker says in the words of when that it is
// ready, and the environment that tells it of the channel. It is false for words that need no channel.
func ReadyChannel(when string, fd int, worker Input) (Channel, []string, bool) {
	for _, r := range readyChannels() {
		if r.when == when {
			env := append([]string{r.on(worker.System) + "=" + strconv.Itoa(fd)}, r.env...)
			return Channel{FD: fd, Kind: r.kind, Said: r.said}, env, true
		}
	}
	return Channel{}, nil, false
}

// on is the variable on a system.
func (r readyChannel) on(system string) string {
	if system == windows && r.variable == "READY_FD" {
		return readyHandle
	}
	return r.variable
}

// readyHandle is READY_FD on Windows, where it is the value of a handle.
const readyHandle = "READY_HANDLE"

// OwnsReady reports whether key names an environment variable that tells a worker of a channel: those of supervise's own
// environment mean nothing to a worker. They are apart from Owns because a worker that has read its sockets may still
// need them.
func OwnsReady(key string) bool {
	for _, r := range readyChannels() {
		if key == r.variable || strings.HasPrefix(strings.Join(r.env, "\n"), key+"=") {
			return true
		}
	}
	return key == readyHandle || key == "UWSGI_EMPEROR_FD_CONFIG" || key == "UWSGI_EMPEROR_PROXY"
}

func saysLine(b []byte) bool { return bytes.IndexByte(b, '\n') >= 0 }

// saysReady looks at one datagram of assignments, a line each.
func saysReady(b []byte) bool {
	for line := range bytes.Lines(b) {
		if string(bytes.TrimSuffix(line, []byte("\n"))) == "READY=1" {
			return true
		}
	}
	return false
}

// uwsgiAccepting is the only byte that says so; each byte is a message.
const uwsgiAccepting = 5

func saysAccepting(b []byte) bool { return bytes.IndexByte(b, uwsgiAccepting) >= 0 }

// saysQuoted looks for the line "ready" among the lines of JSON; the last one may not have ended yet.
func saysQuoted(b []byte) bool {
	for line := range bytes.Lines(b) {
		if string(line) == "\"ready\"\n" {
			return true
		}
	}
	return false
}
