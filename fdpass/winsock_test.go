package fdpass

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
)

// caseOf gives a call that a row of the table is for.
func caseOf(row winsockRow) (sp Spec, op string, see sight) {
	sp, op, see = spec("tcp://192.0.2.1:8080"), "bind", sight{own: "; it has 127.0.0.1 ::1"}
	switch row.when {
	case "socket", "listen", "export", "import":
		op = row.when
	case "option":
		op = "no_delay"
	case "any port":
		sp = spec("udp://[::]:0")
	case "held":
		see.holder = "nginx.exe (pid 812)"
	case "ours":
		see.holder, see.ours = "this process itself", true
	case "zone":
		sp = spec("tcp6://[fe80::1]:8080")
	case "":
		op = "restore"
		switch n := row.number; {
		case n == 10014, n == 10048, n == 10049:
			op = "bind"
		case n == 10056:
			op = "listen"
		case n == 8, n == 10024, n > 10042 && n != 10045 && n < 10051, n > 10058:
			op = "socket"
		}
	}
	return sp, op, see
}

// TestWinsockSentences: what a user reads for every row of the table, and that no row hides behind another.
func TestWinsockSentences(t *testing.T) {
	var list sentences
	for _, row := range winsockRows() {
		sp, op, see := caseOf(row)
		e := &OpenError{Name: sp.Name, Address: sp.Address, Op: op, Err: row.number}
		e.Cause, e.Advice = explainWinsock(sp, op, row.number, see)
		fill := filler(sp, op, see)
		if row.number == 10048 && row.when == "" {
			if e.Cause != "the address is in use" {
				t.Errorf("%s: %s", row.name, e.Cause)
			}
		} else if e.Cause != fill.Replace(row.cause) || e.Advice != fill.Replace(row.advice) {
			t.Errorf("%s, %q: another row says %q (%s)", row.name, row.when, e.Cause, e.Advice)
		}
		if strings.ContainsAny(e.Error(), "{}") {
			t.Errorf("%s, %q: not filled in: %s", row.name, row.when, e)
		}
		text := e.Error()
		switch op {
		case "export":
			text = "cannot make a duplicate of a socket for process 812: " + e.Reason()
		case "import":
			text = "cannot open the duplicate of a socket: " + e.Reason()
		}
		list.add(strings.TrimSpace(fmt.Sprintf("%d %s %s", row.number, row.name, row.when)), text)
	}
	list.compare(t, "winsock.txt")
}

// TestWinsockTable: the numbers rise, one number has one name, and no class comes twice.
func TestWinsockTable(t *testing.T) {
	seen := map[string]bool{}
	rows := winsockRows()
	for i, row := range rows {
		key := fmt.Sprint(row.number, row.when)
		if seen[key] {
			t.Errorf("%s, %q comes twice", row.name, row.when)
		}
		seen[key] = true
		if i == 0 {
			continue
		}
		before := rows[i-1]
		if row.number < before.number || row.number == before.number && (row.name != before.name || row.posix != before.posix || before.when == "") {
			t.Errorf("%s, %q after %s, %q", row.name, row.when, before.name, before.when)
		}
	}
}

// TestWinsockAlwaysWords: every number of the table has a cause and an advice whatever the call, and one that is not in it says itself.
func TestWinsockAlwaysWords(t *testing.T) {
	for _, row := range winsockRows() {
		for _, op := range []string{"socket", "bind", "listen", "restore", "recover", "export", "import", "ttl"} {
			if cause, advice := explainWinsock(spec("udp4://127.0.0.1:53"), op, row.number, sight{}); cause == "" || strings.HasPrefix(cause, "windows error") != (advice == "") {
				t.Errorf("%s of %s: %q, %q", row.name, op, cause, advice)
			}
		}
	}
	if cause, _ := explainWinsock(spec("tcp://127.0.0.1:80"), "bind", 10110, sight{}); !strings.HasPrefix(cause, "windows error 10110: ") {
		t.Errorf("got %q", cause)
	}
}

// TestOpenErrorIs: portable code tests for the names of unix.
func TestOpenErrorIs(t *testing.T) {
	for number, name := range map[syscall.Errno]syscall.Errno{
		10013: syscall.EACCES, 10014: syscall.EFAULT, 10022: syscall.EINVAL, 10024: syscall.EMFILE, 10036: syscall.EINPROGRESS,
		10038: syscall.ENOTSOCK, 10043: syscall.EPROTONOSUPPORT, 10045: syscall.EOPNOTSUPP, 10047: syscall.EAFNOSUPPORT,
		10048: syscall.EADDRINUSE, 10049: syscall.EADDRNOTAVAIL, 10050: syscall.ENETDOWN, 10055: syscall.ENOBUFS, 10056: syscall.EISCONN,
	} {
		var err error = fmt.Errorf("above: %w", &OpenError{Err: number})
		if !errors.Is(err, name) || !errors.Is(err, number) {
			t.Errorf("%d is not %v", number, name)
		}
		if other := syscall.EXDEV; errors.Is(err, other) {
			t.Errorf("%d is %v", number, other)
		}
	}
	for _, e := range []*OpenError{{}, {Err: 13}, {Err: 9999}, {Err: 11000}} {
		if errors.Is(e, syscall.EADDRINUSE) || e.Is(syscall.Errno(0)) || e.Is(errors.ErrUnsupported) {
			t.Errorf("%d is something", e.Err)
		}
	}
}

func TestWithoutOption(t *testing.T) {
	for name, want := range map[string]string{"reuse_port": "one socket is shared", "tos": "New-NetQosPolicy", "mark": "remove mark"} {
		if got := withoutOption(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
