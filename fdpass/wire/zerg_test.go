//go:build linux

package wire

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

const wsgiApp = `def application(env, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"served"]
`

// TestProcZerg: an unmodified uwsgi --zerg serves on exactly our sockets. For more than 8 it asks twice.
func TestProcZerg(t *testing.T) {
	for _, n := range []int{1, 12} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			app := filepath.Join(t.TempDir(), "app.py")
			if err := os.WriteFile(app, []byte(wsgiApp), 0o600); err != nil {
				t.Fatal(err)
			}
			var sockets []*fdpass.Socket
			var list []fdpass.Named
			for i := range n {
				s := listener(t, "tcp4", "127.0.0.1")
				sockets, list = append(sockets, s), append(list, named(t, fmt.Sprint("l", i), s))
			}
			path, ends := at(t, "zerg", newShelf(t, list...))
			uwsgi := daemon(t, "uwsgi", "uwsgi-core", "--need-plugin", "python3", "--protocol", "http", "--zerg", path, "--wsgi-file", app)
			for i, s := range sockets {
				served(t, uwsgi, s.Address())
				if !has(t, uwsgi.pid, s) {
					t.Errorf("listener %d was opened anew", i)
				}
			}
			if err := <-ends; err != nil {
				t.Error(err)
			}
		})
	}
}

// TestZergMessage is the message as uWSGI's source has it.
func TestZergMessage(t *testing.T) {
	first, second := listener(t, "tcp4", "127.0.0.1"), listener(t, "tcp6", "::1")
	s := newShelf(t, named(t, "a", first), named(t, "b", second))
	data, list, err := answered(t, "zerg", s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "uwsgi-zerg" + string(machine.AppendUint32(nil, 2)); string(data) != want || len(list) != 2 {
		t.Fatalf("got %q with %d descriptors", data, len(list))
	}
	if inode(t, list[0]) != inode(t, first.Descriptor()) || inode(t, list[1]) != inode(t, second.Descriptor()) {
		t.Error("they came in another order")
	}
}

func TestZergLimits(t *testing.T) {
	one := named(t, "a", listener(t, "tcp4", "127.0.0.1"))
	for _, n := range []int{0, fdpass.MaxBatch, fdpass.MaxBatch + 1} {
		var list []fdpass.Named
		for range n {
			d, err := one.Descriptor.Dup()
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, fdpass.Named{Name: "a", Descriptor: d})
		}
		data, got, err := answered(t, "zerg", newShelf(t, list...), nil)
		if fits := n == fdpass.MaxBatch; fits != (err == nil) || fits != (len(got) == n && len(data) == len(zergMagic)+4) {
			t.Errorf("%d sockets: %q with %d, %v", n, data, len(got), err)
		}
	}
	_ = one.Descriptor.Close()
}
