package adopt

import (
	"runtime"
	"strings"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// what a program does, and what must come of it. AT and PORT stand for the listener's.
var behaviours = []struct {
	name    string
	sharing string
	address fdpass.Address
	flags   string // of gcc
	does    string
	mode    Mode
	members int
	steps   []string // lines it prints before
}{
	{"plain", "generation", tcp4(), "", "tcp4 bind=AT listen=5 serve", Own, 1, nil},
	{"static", "generation", tcp4(), "-static", "tcp4 bind=AT listen=5 serve", Own, 1, nil},
	{"i386", "generation", tcp4(), "-m32", "tcp4 bind=AT listen=5 serve", Own, 1, nil},
	{"i386, a system call of its own", "generation", tcp4(), "-m32", "tcp4 rawbind=AT listen=5 serve", Own, 1, nil},
	{"multipath", "generation", tcp4(), "", "mptcp4 bind=AT listen=5 cloexec serve", Inject, 1, nil},
	{"shared", "all", tcp4(), "", "tcp4 bind=AT listen=5 cloexec serve", Shared, 0, nil},
	{"wildcard program", "generation", tcp4(), "", "tcp4 bind=0.0.0.0:PORT listen=5 serve", Own, 1, nil},
	{"wildcard listener", "generation", fdpass.Address{Network: "tcp4", Host: "0.0.0.0"}, "", "tcp4 bind=127.0.0.1:PORT listen=5 serve", Own, 1, nil},
	{"dual stack", "generation", fdpass.Address{Network: "tcp"}, "", "tcp6 bind=:::PORT listen=5 serve", Own, 1, nil},
	{"dual stack is configured", "generation", fdpass.Address{Network: "tcp"}, "", "tcp6 only6=1 bind=:::PORT listen=5 serve", Own, 1, nil},
	{"IPv6 alone", "generation", fdpass.Address{Network: "tcp6", Host: "::1"}, "", "tcp6 bind=::1:PORT listen=5 serve", Own, 1, nil},
	{"thread", "generation", tcp4(), "", "tcp4 threadbind=AT listen=5 serve", Own, 1, nil},
	{"epoll before bind, own", "generation", tcp4(), "", "tcp4 nonblock epoll bind=AT listen=5 eserve", Own, 1, nil},
	{"epoll before bind, injected", "generation", tcp4(), "", "mptcp4 nonblock epoll bind=AT listen=5 eserve", Inject, 1, nil},
	{"epoll before bind, shared", "all", tcp4(), "", "tcp4 nonblock epoll bind=AT listen=5 eserve", Shared, 0, nil},
	{"epoll after listen", "all", tcp4(), "", "tcp4 nonblock bind=AT listen=5 epoll eserve", Shared, 0, nil},
	{"fork between bind and listen", "generation", tcp4(), "", "tcp4 bind=AT fork listen=5 serve", Own, 1, nil},
	{"daemon", "generation", tcp4(), "", "daemon tcp4 bind=AT listen=5 serve", Own, 1, nil},
	{"drops its user before bind", "generation", tcp4(), "", "setuid=65534 tcp4 bind=AT listen=5 serve", Own, 1, nil},
	{"drops its user after socket", "generation", tcp4(), "", "tcp4 setuid=65534 bind=AT listen=5 serve", Own, 1, nil},
	{"drops its user after bind", "generation", tcp4(), "", "tcp4 bind=AT setuid=65534 listen=5 serve", Own, 1, nil},
	{"listens twice", "generation", tcp4(), "", "tcp4 bind=AT listen=5 listen=1 serve", Own, 1, nil},
	{"binds anew", "generation", tcp4(), "", "tcp4 bind=AT listen=5 close tcp4 bind=AT listen=5 serve", Own, 1, nil},
	{"io_uring", "generation", tcp4(), "", "uring tcp4 bind=AT listen=5 serve", Own, 1, []string{"uring Function not implemented"}},
	{"a datagram socket beside", "generation", tcp4(), "", "udp4 bind=AT tcp4 bind=AT listen=5 serve", Own, 1, nil},
}

func TestProcBehaviour(t *testing.T) {
	actors := map[string]string{}
	for _, b := range behaviours {
		if b.flags == "-m32" && runtime.GOARCH != "amd64" {
			continue
		}
		if actors[b.flags] == "" {
			actors[b.flags] = actor(t, strings.Fields(b.flags)...)
		}
		t.Run(b.name, func(t *testing.T) {
			r := newRig(t, b.sharing, b.address)
			p := r.start(append([]string{actors[b.flags]}, r.words(b.does)...)...)
			for _, line := range b.steps {
				p.line(line)
			}
			e := r.expect(p, Listened)
			if e.Mode != b.mode || e.Listener != "a" || e.PID == 0 {
				t.Errorf("got %+v", e)
			}
			for range 10 {
				r.ask(0)
			}
			if n := r.backlog(0); n != 77 {
				t.Errorf("the backlog is %d", n)
			}
			if n := len(r.sockets.Members(0)); n != b.members {
				t.Errorf("there are %d members", n)
			}
		})
	}
}

// words puts the listener's address into what an actor does.
func (r *rig) words(does string) []string {
	a := r.sockets.models[0].Address()
	words := strings.Fields(does)
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "AT", a.Host+":PORT")
		words[i] = strings.ReplaceAll(words[i], "PORT", r.port(0))
	}
	return words
}
