package wire

import (
	"fmt"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// uWSGI's zerg mode, on a unix stream socket:
//
//	client (uwsgi --zerg PATH)                                server
//	   │  "uwsgi-zerg" count:4  + count descriptors (SCM_RIGHTS) │
//	   │◀────────────────────────────────────────────────────────┤   and both close
//
// The number is in the machine's byte order. There is one message, so no more than the kernel takes in one go. uWSGI has
// room for 8 at first; told of more it connects again with room for so many. It takes the sockets in this order, as its
// own --socket ones, and finds no name in them. Sources: core/socket.c (uwsgi_manage_zerg), core/uwsgi.c
// (uwsgi_zerg_attach), core/io.c (uwsgi_attach_fd).
const zergMagic = "uwsgi-zerg"

// serveZerg sends at once: the peer asks by connecting.
func serveZerg(p *peer, s Store) error {
	list, err := s.List()
	if err != nil {
		return err
	}
	defer closeAll(list)
	if len(list) == 0 || len(list) > fdpass.MaxBatch {
		return fmt.Errorf("cannot send %d sockets: the protocol has room for 1 to %d", len(list), fdpass.MaxBatch)
	}
	return p.write(machine.AppendUint32([]byte(zergMagic), uint32(len(list))), list...)
}
