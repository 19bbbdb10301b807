package wire

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// HAProxy's _getsocks, on a unix stream socket ("stats socket PATH expose-fd listeners"):
//
//	client (haproxy -x PATH)                                          server
//	   │  "_getsocks\n"                                                  │
//	   ├────────────────────────────────────────────────────────────────▶│
//	   │                                        count:4, no descriptors  │
//	   │◀────────────────────────────────────────────────────────────────┤
//	   │  up to 252 descriptors (SCM_RIGHTS), and for each of them       │
//	   │  (length:1 namespace:length) (length:1 interface:length) 0:4    │
//	   │◀────────────────────────────────────────────────────────────────┤
//	   │  received:4                                                     │
//	   ├────────────────────────────────────────────────────────────────▶│
//	   │                      ... until count descriptors were sent      │
//
// Numbers are in the machine's byte order. A count of 0, or the end of the connection in its place, means that there is
// nothing. HAProxy makes one recvmsg(2) of each batch and waits for a second. The sender reads the acknowledgement and
// does not look at the number; HAProxy 2.6 closes without reading the last one. HAProxy takes a socket for a bind line of
// the same address, interface, namespace, type, IPV6_V6ONLY and transparency, and binds anew where it finds none. Its
// other form, `-x sockpair@FD`, is what a HAProxy master tells its own workers: nobody else has the descriptor. Sources:
// src/cli.c (_getsocks) and src/sock.c (sock_get_old_sockets).
const (
	haproxyCommand = "_getsocks\n"
	haproxyBatch   = 252 // MAX_SEND_FD
	haproxyNumber  = 4   // bytes
	maxSockets     = fdpass.MaxNamed
	maxNotes       = haproxyBatch * (2*256 + haproxyNumber) // bytes
)

var machine = binary.NativeEndian

// errShort says that more has to be read.
var errShort = fmt.Errorf("%w: it ends early", errProtocol)

// socketNote is what HAProxy tells of a descriptor.
type socketNote struct{ namespace, device string }

// encode adds the note to b. Neither name is longer than 255 bytes: an interface's has at most 15.
func (n socketNote) encode(b []byte) []byte {
	b = append(append(b, byte(len(n.namespace))), n.namespace...)
	b = append(append(b, byte(len(n.device))), n.device...)
	return append(b, 0, 0, 0, 0)
}

// parseSocketNotes reads exactly count notes from exactly all of b. The last four bytes of each were options once.
func parseSocketNotes(b []byte, count int) ([]socketNote, error) {
	var notes []socketNote
	for range count {
		var names [2]string
		for i := range names {
			if len(b) == 0 || len(b) < 1+int(b[0]) {
				return nil, errShort
			}
			names[i], b = string(b[1:1+int(b[0])]), b[1+int(b[0]):]
		}
		if len(b) < haproxyNumber {
			return nil, errShort
		}
		b = b[haproxyNumber:]
		notes = append(notes, socketNote{names[0], names[1]})
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: %d bytes follow the notes of %d descriptors", errProtocol, len(b), count)
	}
	return notes, nil
}

// serveHAProxy answers one command. A peer that has nothing to ask is one that looks whether somebody is there.
func serveHAProxy(p *peer, s Store) error {
	command, err := p.await(len(haproxyCommand))
	if err == io.EOF {
		return nil
	}
	if err == nil {
		err = p.none()
	}
	if err != nil {
		return err
	}
	if string(command) != haproxyCommand {
		return fmt.Errorf("%w: %q is not the command %q", errProtocol, command, haproxyCommand)
	}
	list, err := s.List()
	if err != nil {
		return err
	}
	defer closeAll(list)
	return sendSockets(p, list)
}

func sendSockets(p *peer, list []fdpass.Named) error {
	if err := p.write(machine.AppendUint32(nil, uint32(len(list)))); err != nil {
		return err
	}
	for len(list) > 0 {
		batch := list[:min(len(list), haproxyBatch)]
		list = list[len(batch):]
		notes, err := notesOf(batch)
		if err != nil {
			return err
		}
		if err := p.write(notes, batch...); err != nil {
			return err
		}
		if _, err := p.await(haproxyNumber); err != nil {
			return fmt.Errorf("the sockets were not acknowledged: %w", err)
		}
		if err := p.none(); err != nil {
			return err
		}
	}
	return nil
}

func notesOf(list []fdpass.Named) ([]byte, error) {
	var notes []byte
	for _, n := range list {
		device, err := fdpass.DeviceOf(n.Descriptor)
		if err != nil {
			return nil, fmt.Errorf("cannot read the interface of %q: %w", n.Name, err)
		}
		notes = socketNote{device: device}.encode(notes)
	}
	return notes, nil
}
