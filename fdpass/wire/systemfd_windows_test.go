package wire

import (
	"os"
	"testing"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// sockets is a Store of listeners.
type sockets struct {
	stall
	list []*fdpass.Socket
}

// List implements Store.
func (s sockets) List() (list []fdpass.Named, err error) {
	for _, socket := range s.list {
		d, err := socket.Descriptor().Dup()
		if err != nil {
			return nil, err
		}
		list = append(list, fdpass.Named{Name: socket.Name(), Descriptor: d})
	}
	return list, nil
}

// TestSystemfdSockets sends listeners to ourselves by WSADuplicateSocket; nothing is sent for a process that does not exist.
func TestSystemfdSockets(t *testing.T) {
	var s sockets
	for _, host := range []string{"127.0.0.1", "::1"} {
		network := map[bool]string{true: "tcp4", false: "tcp6"}[host == "127.0.0.1"]
		socket, err := fdpass.Open(fdpass.Spec{Name: network, Address: fdpass.Address{Network: network, Host: host}, UID: -1, GID: -1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { socket.Close() })
		s.list = append(s.list, socket)
	}
	address, ends := systemfdServer(t, "s3cret", s, fdpass.Export)
	list, err := FetchSystemfd(t.Context(), address, "s3cret", os.Getpid(), fdpass.Import)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d sockets, error %v", len(list), err)
	}
	if err := <-ends; err != nil {
		t.Error(err)
	}
	for i, d := range list {
		if got, err := fdpass.AddressOf(d); err != nil || got.Port != s.list[i].Address().Port {
			t.Errorf("socket %d is %v, error %v; want %v", i, got, err, s.list[i].Address())
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if answer := asked(t, address, "s3cret|3"); len(answer) > 0 { // pids are multiples of 4
		t.Errorf("%d bytes for nobody", len(answer))
	}
	if err := <-ends; err == nil {
		t.Error("exported to nobody")
	}
}
