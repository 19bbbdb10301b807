//go:build linux

package fdpass

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestPeerOf(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p, err := PeerOf(c.(*net.UnixConn))
	if err != nil || p.PID != os.Getpid() || p.UID != os.Geteuid() || p.GID != os.Getegid() {
		t.Errorf("got %+v, %v", p, err)
	}
	groups, err := os.Getgroups()
	slices.Sort(groups)
	slices.Sort(p.Groups)
	if err != nil || !slices.Equal(groups, p.Groups) {
		t.Errorf("groups are %d, got %d, %v", groups, p.Groups, err)
	}
	_ = c.Close()
	if p, err := PeerOf(c.(*net.UnixConn)); err == nil || p.UID != -1 {
		t.Errorf("of a closed connection: %+v, %v", p, err)
	}
}

func TestPeerIn(t *testing.T) {
	p := Peer{GID: 5, Groups: []int{7, 9}}
	for gid, want := range map[int]bool{5: true, 9: true, 0: false, -1: false} {
		if p.In(gid) != want {
			t.Errorf("group %d: %t", gid, !want)
		}
	}
}
