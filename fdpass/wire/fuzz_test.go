//go:build linux

package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"testing"
)

func FuzzRequest(f *testing.F) {
	for _, frame := range []string{stored("app.x"), retrieved("web"), deleted("a"), string(encodeFrame([]byte("L"), 0)), string(encodeFrame([]byte("!\x00\x00\x00\x01"), 0))} {
		f.Add([]byte(frame[frameHead:]), int(frame[5]))
	}
	f.Add([]byte{}, 0)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		r, err := parseRequest(data, n)
		if err != nil {
			return
		}
		var again []byte
		switch r.kind {
		case 'S':
			again = encodeID(append([]byte{'S'}, data[1:1+taiSize]...), r.id)
		case 'D':
			again = encodeID([]byte{'D'}, r.id)
		case 'R':
			again = encodeID([]byte{'R', data[1]}, r.id)
		default:
			again = data
		}
		if !bytes.Equal(again, data) || n > 1 || n != 0 && r.kind != 'S' {
			t.Fatalf("%q with %d became %+v", data, n, r)
		}
	})
}

func FuzzSocketNotes(f *testing.F) {
	f.Add(socketNote{"", "lo"}.encode(socketNote{"ns", ""}.encode(nil)), 2)
	f.Add([]byte{}, 0)
	f.Fuzz(func(t *testing.T, b []byte, count int) {
		notes, err := parseSocketNotes(b, min(count, fuzzMost))
		if err != nil {
			return
		}
		var again []byte
		for _, n := range notes {
			again = n.encode(again)
		}
		if len(again) != len(b) {
			t.Fatalf("%x became %x", b, again)
		}
	})
}

const fuzzMost = 1000

func FuzzCommand(f *testing.F) {
	f.Add(`{"command":"worker:ack","pid":812}`)
	f.Add("---%0Acommand: worker:ack%0Apid: 812%0A")
	f.Add("{command: 'worker:ping', pid: 812}")
	f.Add("---%0A:command: state%0A:id: 5")
	f.Fuzz(func(t *testing.T, line string) {
		c, err := parseCommand(line)
		if err == nil && (c.name == "" || c.name == "worker:ack" && c.pid < 1) {
			t.Fatalf("%q became %+v", line, c)
		}
		if unescape(escape(line)) != line {
			t.Fatalf("%q is not what it was", line)
		}
	})
}

func FuzzRPC(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","method":"bind","id":"1","params":[{"address":"0.0.0.0","port":80,"backlog":1000}]}`))
	f.Add([]byte(`{"method":"bind","id":{},"params":[{"port":"80"}]}{"method":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for in := json.NewDecoder(bytes.NewReader(b)); ; {
			r, err := decodeRPC(in)
			if err != nil {
				return
			}
			if _, err := json.Marshal(rpcAnswer{ID: r.ID}); err != nil {
				t.Fatalf("%q cannot be answered: %v", b, err)
			}
		}
	})
}

// FuzzServe lets a peer say anything, with descriptors: every dialogue ends and nothing is left open.
func FuzzServe(f *testing.F) {
	for i, protocol := range Protocols() {
		for _, parts := range bad()[protocol] {
			f.Add(i, []byte(parts[0].data), parts[0].n)
		}
	}
	f.Add(2, []byte(retrieved("web")+deleted("x")), 0)
	f.Add(4, []byte("---%0Acommand: worker:ack%0Apid: 8%0A\n"), 0)
	web := named(f, "web", listener(f, "tcp4", "127.0.0.1"))
	f.Cleanup(func() { web.Descriptor.Close() })
	f.Fuzz(func(t *testing.T, which int, data []byte, n int) {
		if len(data) == 0 || len(data) > 1<<16 {
			return
		}
		s := newShelf(t, named(t, "web", listener(t, "tcp4", "127.0.0.1")))
		client, server := pair(t)
		part{string(data), max(0, n) % 254}.send(t, client, web.Descriptor)
		if err := client.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = io.Copy(io.Discard, client) }()
		protocols := append(slices.Clone(Protocols()), "einhorn")
		if protocol := protocols[max(0, which)%len(protocols)]; protocol == "einhorn" {
			_ = ServeEinhorn(context.Background(), server, func(int) {})
		} else {
			_ = Serve(context.Background(), server, protocol, s)
		}
	})
}

// FuzzFetch lets a server say anything to us.
func FuzzFetch(f *testing.F) {
	f.Add(true, append(machine.AppendUint32(nil, 1), socketNote{}.encode(nil)...), 1)
	f.Add(true, machine.AppendUint32(nil, 0), 0)
	f.Add(false, encodeFrame([]byte{0}, 1), 1)
	f.Add(false, encodeFrame([]byte{2}, 0), 0)
	web := named(f, "web", listener(f, "tcp4", "127.0.0.1"))
	f.Cleanup(func() { web.Descriptor.Close() })
	f.Fuzz(func(t *testing.T, haproxy bool, data []byte, n int) {
		if len(data) == 0 || len(data) > 1<<16 {
			return
		}
		server, client := pair(t)
		part{string(data), max(0, n) % 254}.send(t, server, web.Descriptor)
		if err := server.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		p := newPeer(context.Background(), client, usual)
		defer p.close()
		if haproxy {
			list, _ := fetchSockets(p)
			closeAll(list)
		} else if d, err := retrieveFrom(p, "web"); err == nil {
			d.Close()
		}
	})
}
