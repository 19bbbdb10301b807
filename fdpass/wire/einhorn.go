package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// The control socket of einhorn, a unix stream socket whose path a worker finds in EINHORN_SOCK_PATH:
//
//	worker                                                          server
//	   │  a mapping in YAML (or JSON, which is YAML), "%" written      │
//	   │  as "%25" and a newline as "%0A", then "\n":                  │
//	   │  {"command":"worker:ack","pid":812}   I am ready              │
//	   │  {"command":"worker:ping","pid":812}  I am well               │
//	   ├──────────────────────────────────────────────────────────────▶│   closes
//	   │  any other command: {"message":"…"} and so on                 │
//	   │◀──────────────────────────────────────────────────────────────┤   reads on
//
// Einhorn answers neither of the two: the end of the connection is the answer. What it answers to the others is YAML; ours
// is the JSON that is YAML too. Sources: lib/einhorn/client.rb, command/interface.rb, worker.rb.
const (
	maxLine     = 16 << 10 // bytes
	maxCommands = 64
)

// ServeEinhorn reads what a worker says on einhorn's control socket, calls ack for a worker:ack with the process id that
// it names, and closes c. A worker may connect long before it is ready: only ctx ends the wait for the first byte of a
// command, so the caller bounds the number of connections. Anything that is not the protocol is an error.
func ServeEinhorn(ctx context.Context, c *net.UnixConn, ack func(pid int)) error {
	return serveEinhorn(ctx, c, ack, usual)
}

func serveEinhorn(ctx context.Context, c *net.UnixConn, ack func(pid int), pace pace) error {
	p := newPeer(ctx, c, pace)
	defer p.close()
	for range maxCommands {
		line, err := p.line()
		if err == io.EOF {
			return nil
		}
		var last bool
		if err == nil {
			last, err = obey(p, line, ack)
		}
		if err != nil {
			return fmt.Errorf("cannot serve einhorn to a worker: %w", p.cause(ctx, err))
		}
		if last {
			return nil
		}
	}
	return fmt.Errorf("cannot serve einhorn to a worker: %w: more than %d commands", errProtocol, maxCommands)
}

// line reads up to a newline, byte by byte: a command is short, and what follows it is the next one's.
func (p *peer) line() (string, error) {
	_ = p.c.SetReadDeadline(time.Time{})
	var line []byte
	for len(line) < maxLine {
		b, err := p.some(1)
		switch {
		case err == io.EOF && len(line) > 0:
			return "", fmt.Errorf("%w: it ends in the middle", errProtocol)
		case err != nil:
			return "", err
		case b[0] == '\n':
			return string(line), p.none()
		}
		if line = append(line, b[0]); len(line) == 1 {
			_ = p.c.SetReadDeadline(time.Now().Add(p.pace.step))
		}
	}
	return "", fmt.Errorf("%w: a line of more than %d bytes", errProtocol, maxLine)
}

// obey does what a line asks for. last says that it ends the dialogue.
func obey(p *peer, line string, ack func(pid int)) (last bool, err error) {
	c, err := parseCommand(line)
	switch {
	case err != nil:
		return true, errors.Join(err, p.tell(c, "Could not parse command"))
	case c.name == "worker:ack":
		ack(c.pid)
		return true, nil
	case c.name == "worker:ping":
		return true, nil
	}
	return false, p.tell(c, fmt.Sprintf("Unrecognized command: %q (supervise takes worker:ack and worker:ping)", c.name))
}

// tell answers with a message.
func (p *peer) tell(c command, text string) error {
	b, err := json.Marshal(struct {
		Message string `json:"message"`
		Request string `json:"request_id,omitempty"`
	}{text, c.id})
	if err != nil {
		return err
	}
	return p.write([]byte(escape(string(b)) + "\n"))
}

func escape(s string) string {
	return strings.NewReplacer("%", "%25", "\n", "%0A").Replace(s)
}

func unescape(s string) string {
	return strings.NewReplacer("%25", "%", "%0A", "\n").Replace(s)
}
