package adopt

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// Descriptors of a manager that a test kills, after the standard ones.
const (
	managerNotify = 3 + iota
	managerPage
	managerKeeper
	managerModel
)

// playManager serves one listener, and kills itself at the step whose number it is told. Members go to the test, which is the keeper.
func playManager() {
	words := strings.Fields(os.Getenv("ADOPT_CHILD"))
	last, _ := strconv.Atoi(words[1])
	var id fdpass.Identity
	if err := json.Unmarshal([]byte(os.Getenv("ADOPT_MODEL")), &id); err != nil {
		fmt.Println(err)
		return
	}
	model, err := fdpass.Recover(id, fdpass.NewDescriptor(managerModel))
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := net.FileConn(os.NewFile(managerKeeper, "keeper"))
	if err != nil {
		fmt.Println(err)
		return
	}
	s := &sockets{models: []*fdpass.Socket{model}, members: make([][]*fdpass.Socket, 1), sharing: []string{words[2]}}
	s.hold = func(_ int, m *fdpass.Socket) {
		_ = fdpass.WriteMessage(c.(*net.UnixConn), []byte{0}, []fdpass.Named{{Descriptor: m.Descriptor()}})
	}
	err = Serve(context.Background(), Options{
		Notify: fdpass.NewDescriptor(managerNotify), Page: fdpass.NewDescriptor(managerPage),
		Listeners: []Listener{{"a", words[2]}}, Sockets: s,
		Members: func() []int { return processes(func(int) bool { return true }) }, Report: func(Event) {},
		at: func(step string) {
			fmt.Println(step)
			if last--; last < 0 {
				_ = unix.Kill(os.Getpid(), unix.SIGKILL)
			}
		},
	})
	fmt.Println("served:", err)
}

// killed lets a manager serve p until its step number last, and gives the steps; over is whether bind and listen were answered before.
func (r *rig) killed(p *actorProcess, last int) (steps []string, over bool) {
	r.t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	mine, theirs := os.NewFile(uintptr(ends[0]), "keeper"), os.NewFile(uintptr(ends[1]), "manager")
	defer mine.Close()
	id, err := json.Marshal(r.sockets.models[0].Identity())
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.CommandContext(r.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), quickExit, fmt.Sprintf("ADOPT_CHILD=manager %d %s", last, r.names[0].Sharing), "ADOPT_MODEL="+string(id))
	cmd.ExtraFiles = []*os.File{file(r.t, p.notify), file(r.t, p.page), theirs, file(r.t, r.sockets.models[0].Descriptor())}
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	_ = theirs.Close()
	answers := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		steps = append(steps, lines.Text())
		if lines.Text() == "sent" {
			answers++
		}
		if over = answers == 2; over {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	r.keep(mine)
	return steps, over
}

// keep takes the members that a manager has held.
func (r *rig) keep(f *os.File) {
	r.t.Helper()
	c, err := net.FileConn(f)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	for {
		_, list, err := fdpass.ReadMessage(c.(*net.UnixConn), 1)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			r.t.Fatal(err)
		}
		for _, d := range list {
			m, err := fdpass.Restore(withAddress(r.sockets.models[0]), d)
			if err != nil {
				r.t.Fatal(err)
			}
			r.sockets.add(0, m)
		}
	}
}

// A manager is killed at every step of every answer in turn: the next one goes on, and the program notices nothing.
func TestProcManagerKilledAtEachStep(t *testing.T) {
	program := actor(t)
	for _, c := range []struct{ name, sharing, does string }{
		{"own", "generation", "tcp4 nonblock epoll bind=AT listen=5 eserve"},
		{"inject", "generation", "mptcp4 nonblock epoll bind=AT cloexec listen=5 eserve"},
		{"shared", "all", "tcp4 nonblock epoll bind=AT cloexec listen=5 eserve"},
	} {
		t.Run(c.name, func(t *testing.T) {
			over := false
			for last := 0; !over; last++ {
				over = killedAt(t, program, c.sharing, c.does, last)
			}
		})
	}
}

func killedAt(t *testing.T, program, sharing, does string, last int) (over bool) {
	t.Run(strconv.Itoa(last), func(t *testing.T) {
		r := newRig(t, sharing, tcp4())
		p := r.launch(append([]string{program}, r.words(does)...)...)
		var steps []string
		steps, over = r.killed(p, last)
		t.Log(steps)
		r.serve(p)
		if !over {
			r.expect(p, Listened)
		}
		for range 3 {
			r.ask(0)
		}
		if n := r.backlog(0); n != 77 {
			t.Errorf("the backlog is %d", n)
		}
		if n := len(r.sockets.Members(0)); sharing != "all" && n != 1 {
			t.Errorf("there are %d members", n)
		}
	})
	return over || t.Failed()
}

// The manager is killed while the program is between bind and listen, and while nobody serves the program calls listen.
func TestProcManagerKilledBetweenBindAndListen(t *testing.T) {
	r := newRig(t, "generation", tcp4())
	p := r.launch(append([]string{actor(t)}, r.words("tcp4 bind=AT wait listen=5 serve")...)...)
	steps, _ := r.killed(p, 3)
	t.Log(steps)
	p.line("waiting")
	if _, err := p.in.Write([]byte{'\n'}); err != nil {
		t.Fatal(err)
	}
	r.serve(p)
	if e := r.expect(p, Listened); e.Mode != Own {
		t.Errorf("got %+v", e)
	}
	r.ask(0)
}
