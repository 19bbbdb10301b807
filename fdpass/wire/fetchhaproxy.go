package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// FetchHAProxy takes the listeners of a running HAProxy over its stats socket, which must have "expose-fd listeners". It
// gives duplicates, which the caller owns; HAProxy serves on. Name is the address, as a configuration of supervise writes
// it. Listeners in another network namespace, and at one interface, are among them: see fdpass.CheckPlace.
//
// HAProxy binds a unix path under another name and renames it, so that the address of such a socket is not its path.
func FetchHAProxy(ctx context.Context, path string) ([]fdpass.Named, error) {
	list, err := fetch(ctx, path, fetchSockets)
	if err != nil {
		return nil, fmt.Errorf("cannot get the sockets of the HAProxy at %q: %w", path, err)
	}
	return list, nil
}

// fetch connects and carries on one dialogue, from the client's side.
func fetch[T any](ctx context.Context, path string, dialogue func(*peer) (T, error)) (result T, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, usual.life, errLife)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", path)
	if err != nil {
		return result, err
	}
	p := newPeer(ctx, conn.(*net.UnixConn), pace{idle: usual.step, step: usual.step})
	defer p.close()
	if result, err = dialogue(p); err != nil {
		err = p.cause(ctx, err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("it does not answer (is it another program's socket?)")
	}
	return result, err
}

// fetchSockets collects everything before it is judged; what it does not give is closed with the peer.
func fetchSockets(p *peer) ([]fdpass.Named, error) {
	if err := p.write([]byte(haproxyCommand)); err != nil {
		return nil, err
	}
	number, err := p.await(haproxyNumber)
	if err == nil {
		err = p.none()
	}
	if err != nil {
		return nil, fmt.Errorf("it does not say how many it has (does its stats socket say \"expose-fd listeners\"?): %w", err)
	}
	count := machine.Uint32(number)
	if count > maxSockets {
		return nil, fmt.Errorf("%w: %d sockets (is it HAProxy's stats socket, with \"expose-fd listeners\"?)", errProtocol, count)
	}
	return receiveSockets(p, int(count))
}

func receiveSockets(p *peer, count int) ([]fdpass.Named, error) {
	var list []fdpass.Named
	for len(list) < count {
		more, err := receiveBatch(p)
		list = append(list, more...)
		if err == nil && len(list) > count {
			err = fmt.Errorf("%w: %d sockets in place of %d", errProtocol, len(list), count)
		}
		if err == nil {
			err = p.acknowledge(len(list), count)
		}
		if len(list) == count && errors.Is(err, syscall.EPIPE) {
			err = nil // it does not wait for the word about the last ones, and may have hung up
		}
		if err != nil {
			closeAll(list)
			return nil, err
		}
	}
	return list, nil
}

// acknowledge says how many have come. HAProxy may close without reading the last one.
func (p *peer) acknowledge(received, count int) error {
	err := p.write(machine.AppendUint32(nil, uint32(received)))
	if received == count {
		return nil
	}
	return err
}

// receiveBatch reads one message. All its descriptors come with the first byte, its notes perhaps in several reads.
func receiveBatch(p *peer) ([]fdpass.Named, error) {
	notes, err := p.await(1)
	for err == nil {
		var more []byte
		if _, err = parseSocketNotes(notes, len(p.got)); !errors.Is(err, errShort) {
			break
		}
		if more, err = p.some(maxNotes); err == nil {
			notes = append(notes, more...)
		}
	}
	if err == nil && len(p.got) == 0 {
		err = fmt.Errorf("%w: no descriptors came with it", errProtocol)
	}
	if err != nil {
		return nil, err
	}
	return p.byAddress()
}

// byAddress takes everything that came and names it.
func (p *peer) byAddress() ([]fdpass.Named, error) {
	var list []fdpass.Named
	for _, d := range p.got {
		a, err := fdpass.AddressOf(d)
		if err != nil {
			return nil, err
		}
		list = append(list, fdpass.Named{Name: a.String(), Descriptor: d})
	}
	p.got = nil
	return list, nil
}
