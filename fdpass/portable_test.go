package fdpass

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// quickExit spares a child the second that the race detector waits at exit.
const quickExit = "GORACE=atexit_sleep_ms=0"

// spec makes a Spec of the short forms "tcp://127.0.0.1:0" and "unix:///path". Abstract names "@fdpass-NAME" become this process's own: the tests
// may run twice at a time.
func spec(address string) Spec {
	network, rest, _ := strings.Cut(address, "://")
	s := Spec{Name: "web", Address: Address{Network: network}, UID: -1, GID: -1}
	if s.Address.isUnix() || network == "fifo" {
		s.Address.Path = strings.Replace(rest, "@fdpass-", fmt.Sprintf("@fdpass-%d-", os.Getpid()), 1)
		return s
	}
	i := strings.LastIndex(rest, ":")
	port, _ := strconv.ParseUint(rest[i+1:], 10, 32)
	s.Address.Host, s.Address.Port = strings.Trim(rest[:i], "[]"), uint32(port)
	return s
}

func mustOpen(t *testing.T, sp Spec) *Socket {
	t.Helper()
	s, err := Open(sp)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func state(t *testing.T, s *Socket) State {
	t.Helper()
	st, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	return st
}

// dialable turns wildcards into loopback.
func dialable(a Address) (network, address string) {
	if a.isUnix() {
		return a.Network, a.Path
	}
	host := a.Host
	switch host {
	case "0.0.0.0":
		host = "127.0.0.1"
	case "::", "":
		host = "::1"
	}
	return a.Network[:3], net.JoinHostPort(host, strconv.Itoa(int(a.Port)))
}

func dial(t *testing.T, s *Socket) net.Conn {
	t.Helper()
	network, address := dialable(s.Address())
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ptr[T any](v T) *T { return &v }

// sentences collects error texts by title for the golden file, with what differs from run to run replaced.
type sentences struct {
	bytes.Buffer
	replace []string // pairs
}

// changing is what differs between machines.
var changing = regexp.MustCompile(`(pid |it has |congestion_control: |has all its |pipe-max-size \()[^()]*( files|\)| \()`)

func (l *sentences) add(title, text string) {
	text = strings.NewReplacer(l.replace...).Replace(text)
	fmt.Fprintf(l, "%s\n\t%s\n", title, changing.ReplaceAllString(text, "$1...$2"))
}

func (l *sentences) compare(t *testing.T, name string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, l.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, l.Bytes()) {
		t.Errorf("%s differs (-update writes it):\n%s", path, l.Bytes())
	}
}

// with changes the options of a Spec.
func with(address string, change func(*Spec)) Spec {
	s := spec(address)
	change(&s)
	return s
}

func option1(address string, change func(*Options)) Spec {
	return with(address, func(s *Spec) { change(&s.Options) })
}
