package config

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// TakeFrom says who has the socket of a listener already, so that it is taken over and not opened. It can be compared with ==.
type TakeFrom struct {
	// Kind is pid, pidfile, haproxy or s6-fdholder.
	Kind string
	// PID is the process of pid.
	PID int
	// Path is the file of pidfile, or the unix socket of haproxy and s6-fdholder; "@name" is in the abstract namespace.
	Path string
	// ID is the identifier that s6-fdholder has for it; "" for the name of the listener.
	ID string
}

// takeKinds is in the order in which errors list it, with an example of each.
var takeKinds = []struct{ kind, example string }{
	{"pid", "pid:1234"},
	{"pidfile", "pidfile:/run/nginx.pid"},
	{"haproxy", "haproxy:/run/haproxy.sock"},
	{"s6-fdholder", "s6-fdholder:/run/fdholder.sock#ID"},
}

// maxPID is the largest that Linux has, PID_MAX_LIMIT of proc(5).
const maxPID = 1 << 22

// maxIdentifier bounds an identifier of s6-fdholder, whose length is one byte.
const maxIdentifier = 255

// ParseTakeFrom reads the text form, "pid:1234", "pidfile:/run/nginx.pid", "haproxy:/run/haproxy.sock" or
// "s6-fdholder:/run/fdholder.sock#ID". Paths are kept as they are, relative ones too.
func ParseTakeFrom(s string) (TakeFrom, error) {
	t, r := parseTakeFrom(s)
	if r != nil {
		r.value = s
		return TakeFrom{}, r
	}
	return t, nil
}

func parseTakeFrom(s string) (TakeFrom, *refusal) {
	kind, rest, ok := strings.Cut(s, ":")
	switch {
	case !ok:
		return TakeFrom{}, &refusal{cause: "it does not say from what", advice: adviseTake(s)}
	case kind == "pid":
		return takeFromPID(rest)
	case kind != "pidfile" && kind != "haproxy" && kind != "s6-fdholder":
		return TakeFrom{}, &refusal{cause: fmt.Sprintf("sockets cannot be taken from %q", shorten(kind)), advice: adviseKind(kind)}
	}
	t := TakeFrom{Kind: kind, Path: rest}
	if kind == "s6-fdholder" {
		t.Path, t.ID, ok = strings.Cut(rest, "#")
		if ok && (t.ID == "" || len(t.ID) > maxIdentifier) {
			return TakeFrom{}, &refusal{cause: `the identifier after "#" has 1 to 255 bytes`, advice: "leave it out with its # for the name of the listener"}
		}
	}
	return t, t.refusePath()
}

func takeFromPID(rest string) (TakeFrom, *refusal) {
	pid, err := strconv.Atoi(rest)
	if err != nil || !isDigits(rest) || pid < 1 || pid > maxPID {
		return TakeFrom{}, &refusal{cause: fmt.Sprintf("%q is no process number", shorten(rest)), advice: "write for example pid:1234"}
	}
	return TakeFrom{Kind: "pid", PID: pid}, nil
}

// adviseTake guesses what a text without a kind was meant to be.
func adviseTake(s string) string {
	switch {
	case isDigits(s):
		return "write pid:" + s
	case strings.HasPrefix(s, "/") && strings.HasSuffix(s, ".pid"):
		return "write pidfile:" + s
	}
	return "write " + examplesOfTake()
}

func adviseKind(kind string) string {
	var kinds []string
	for _, k := range takeKinds {
		kinds = append(kinds, k.kind)
	}
	if guess := suggest(kind, kinds); guess != "" {
		return fmt.Sprintf("did you mean %q?", guess)
	}
	return "write " + examplesOfTake()
}

func examplesOfTake() string {
	var examples []string
	for _, k := range takeKinds {
		examples = append(examples, k.example)
	}
	return strings.Join(examples[:len(examples)-1], ", ") + " or " + examples[len(examples)-1]
}

// refusePath is nil for a path that can be opened or connected to.
func (t TakeFrom) refusePath() *refusal {
	socket := t.Kind != "pidfile"
	switch bare := strings.TrimPrefix(t.Path, "@"); {
	case bare == "" || t.Path != bare && !socket:
		return &refusal{cause: "it has no path", advice: "write for example " + exampleOf(t.Kind)}
	case strings.ContainsRune(t.Path, 0):
		return &refusal{cause: "it has a NUL byte"}
	case socket:
		return refuseLength(Address{Network: "unix", Path: t.Path}, bare, maxSocketPath)
	}
	return refuseLength(Address{Network: "fifo", Path: t.Path}, t.Path, maxPath)
}

func exampleOf(kind string) string {
	for _, k := range takeKinds {
		if k.kind == kind {
			return k.example
		}
	}
	return ""
}

// String gives the text form back.
func (t TakeFrom) String() string {
	switch {
	case t.Kind == "pid":
		return fmt.Sprintf("pid:%d", t.PID)
	case t.ID != "":
		return t.Kind + ":" + t.Path + "#" + t.ID
	}
	return t.Kind + ":" + t.Path
}

// checkTake refuses what cannot be found in another process, or means something else there.
func (n *node) checkTake(l *Listener) {
	if l.TakeFrom == nil {
		return
	}
	l.takePlace = n.content.Attributes["take_from"].Expr.Range()
	switch a, kind := l.Address, l.TakeFrom.Kind; {
	case a.isFIFO():
		n.failAt("take_from", "a FIFO is no socket", "Remove the line: a FIFO is opened by its path, whoever else has it open.")
	case a.Port == 0 && !a.isPath() && kind != "s6-fdholder":
		n.failAt("take_from", "the socket is found by its address, and port 0 is none", "Write the port that the program listens on.")
	case kind == "haproxy" && !a.isTCP() && a.Network != "unix":
		n.failAt("take_from", "HAProxy gives away tcp and unix sockets only", `Use "pid:NUMBER" of the program that has the socket.`)
	}
}

// asTakeFrom makes a relative path absolute, as all paths of a file.
func (n *node) asTakeFrom(v cty.Value) (*TakeFrom, *refusal) {
	s, r := asText(v)
	if r != nil {
		return nil, r
	}
	t, r := parseTakeFrom(s)
	if r == nil && t.Path != "" && !strings.HasPrefix(t.Path, "@") {
		if t.Path, r = n.absolute(t.Path); r == nil {
			r = t.refusePath()
		}
	}
	if r != nil {
		return nil, &refusal{cause: fmt.Sprintf("%q: %s", shorten(s), r.cause), advice: sentence(r.advice)}
	}
	return &t, nil
}
