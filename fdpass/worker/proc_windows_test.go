package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/windows"
)

// childTake takes everything, and shows what is left in the environment.
func childTake(*bufio.Scanner) error {
	all, err := Listeners()
	if err != nil {
		return err
	}
	for _, name := range []string{"admin", "web"} {
		fmt.Println(name, all[name].Addr().Network(), all[name].Close())
	}
	c, err := PacketConn("dns")
	if err != nil {
		return err
	}
	fmt.Println(len(all), c.LocalAddr().Network(), c.Close())
	_, err = Listener("web")
	fmt.Println(err)
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, "LISTEN_") || strings.HasPrefix(kv, "SYSTEMFD_") {
			fmt.Println("left in the environment:", kv)
		}
	}
	return nil
}

func TestProcTake(t *testing.T) {
	web, admin, dns := open(t, "tcp4", "127.0.0.1"), open(t, "tcp6", "::1"), open(t, "udp4", "127.0.0.1")
	env, handles := inheriting("web:admin:dns", web, admin, dns)
	want := "admin tcp <nil>\nweb tcp <nil>\n2 udp <nil>\n" + `cannot find listener "web": not among those left to take (none)`
	for name, p := range map[string]*proc{
		"inherited": startChild(t, "take", env, handles...),
		"fetched":   startChild(t, "take", fetching(t, "web:admin:dns", web, admin, dns)),
	} {
		if diff := cmp.Diff(want, p.rest()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// childBroken reports what it gets.
func childBroken(*bufio.Scanner) error {
	_, err := Listeners()
	_, again := Listener("web")
	fmt.Println(err, err == again)
	return nil
}

func TestProcBroken(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	web := open(t, "tcp4", "127.0.0.1")
	env, handles := inheriting("web", web)
	pipe := fmt.Sprint(r.Fd())
	fetched := fetching(t, "web:admin", web)
	wrong := append(fetching(t, "web", web), "SYSTEMFD_SOCKET_SECRET=other")
	for _, c := range []struct {
		name, want string
		env        []string
		handles    []uintptr
	}{
		{"a pipe", `cannot take over handle ` + pipe + ` for "web", which the environment promises: `, []string{"LISTEN_HANDLES=" + pipe, "LISTEN_FDNAMES=web"}, []uintptr{r.Fd()}},
		{"nothing", `cannot take over handle 99996 for "web", which the environment promises: it is not a socket of this process`, []string{"LISTEN_HANDLES=99996", "LISTEN_FDNAMES=web"}, nil},
		{"names", `cannot read LISTEN_FDNAMES "web:admin": 2 names for 1 descriptors`, append(env, "LISTEN_FDNAMES=web:admin"), handles},
		{"names fetched", `cannot read LISTEN_FDNAMES "web:admin": 2 names for 1 descriptors`, fetched, nil},
		{"the secret", "(is the secret another one?)", wrong, nil},
	} {
		if got := startChild(t, "broken", c.env, c.handles...).rest(); !strings.Contains(got, c.want) || !strings.HasSuffix(got, " true") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// childBare runs without any supervisor.
func childBare(*bufio.Scanner) error {
	all, err := Listeners()
	fmt.Println(all == nil, err)
	_, err = Listener("web")
	fmt.Println(err)
	l, err := Listen("web", "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr().Network(), l.Close(), Ready())
	return nil
}

func TestProcBare(t *testing.T) {
	want := "true <nil>\n" +
		`cannot find listener "web": this process was given none, LISTEN_HANDLES is not set for it (start it by supervise, or use worker.Listen)` +
		"\ntcp <nil> <nil>"
	if diff := cmp.Diff(want, startChild(t, "bare", nil).rest()); diff != "" {
		t.Errorf("child (-want +got):\n%s", diff)
	}
}

// childEnvironment takes its listener, starts a program and says whether that has the handle.
func childEnvironment(*bufio.Scanner) error {
	value := os.Getenv("LISTEN_HANDLES")
	if os.Getenv("GRANDCHILD") != "" {
		return errors.Join(exists(os.Getenv("GRANDCHILD")))
	}
	if _, err := Listeners(); err != nil {
		return err
	}
	grandchild := exec.Command(os.Args[0])
	grandchild.Env = append(os.Environ(), childMode+"=environment", "GRANDCHILD="+value)
	grandchild.SysProcAttr = &syscall.SysProcAttr{}
	out, err := grandchild.Output()
	fmt.Print(string(out))
	return err
}

func exists(value string) error {
	var h uintptr
	if _, err := fmt.Sscan(value, &h); err != nil {
		return err
	}
	fmt.Println("a socket:", kindOf(windows.Handle(h)) != other)
	return nil
}

func TestProcNotInherited(t *testing.T) {
	env, handles := inheriting("web", open(t, "tcp4", "127.0.0.1"))
	if got := startChild(t, "environment", env, handles...).rest(); got != "a socket: false" {
		t.Errorf("grandchild: %q", got)
	}
}

// childServe is a whole worker.
func childServe(*bufio.Scanner) error {
	ctx := Stopping(context.Background())
	l, err := Listener("web")
	if err != nil {
		return err
	}
	fmt.Println("ready")
	err = Serve(ctx, &http.Server{Handler: http.HandlerFunc(hello)}, l)
	fmt.Println("over:", err)
	return err
}

// childAccept waits in Accept until it is told to close.
func childAccept(in *bufio.Scanner) error {
	l, err := Listener("web")
	if err != nil {
		return err
	}
	got := accepting(l, 1)
	fmt.Println("accepting")
	in.Scan()
	fmt.Println("closed", l.Close())
	a := <-got
	fmt.Println("accept:", errors.Is(a.err, net.ErrClosed))
	return nil
}

// TestProcAccept has two processes wait for one socket: closing one disturbs neither the other nor the socket.
func TestProcAccept(t *testing.T) {
	web := open(t, "tcp4", "127.0.0.1")
	env, handles := inheriting("web", web)
	first := startChild(t, "accept", env, handles...)
	second := startChild(t, "accept", fetching(t, "web", web))
	for _, p := range []*proc{first, second} {
		if got := p.line(); got != "accepting" {
			t.Fatal(got)
		}
	}
	for _, p := range []*proc{first, second} {
		p.tell("close")
		if got := p.rest(); got != "closed <nil>\naccept: true" {
			t.Errorf("child: %q", got)
		}
	}
	l := listen(t, web)
	answered(t, web, accepting(l, 1))
}
