package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// pace is how long things may take.
type pace struct {
	idle time.Duration // until a message begins
	step time.Duration // for a message to be read to its end, or to be written
	life time.Duration // for a whole dialogue
}

var usual = pace{idle: time.Minute, step: 10 * time.Second, life: 10 * time.Minute}

// errProtocol is in every error about what a peer sent.
var errProtocol = errors.New("malformed message")

// peer is the other end of a connection.
type peer struct {
	c    *net.UnixConn
	pace pace
	stop func() bool
	got  []*fdpass.Descriptor // what came and was not handed on
}

// newPeer owns c. When ctx ends, every wait does.
func newPeer(ctx context.Context, c *net.UnixConn, pace pace) *peer {
	return &peer{c: c, pace: pace, stop: context.AfterFunc(ctx, func() { c.Close() })}
}

// close closes the connection and everything that came over it and was not taken.
func (p *peer) close() {
	p.stop()
	_ = p.c.Close()
	p.drop()
}

// drop closes what came.
func (p *peer) drop() {
	for _, d := range p.got {
		d.CloseForeign()
	}
	p.got = nil
}

// cause gives the reason why ctx ended in the place of the closed connection that it led to.
func (p *peer) cause(ctx context.Context, err error) error {
	if ended := context.Cause(ctx); ended != nil {
		return ended
	}
	return err
}

// await waits for a message to begin; it then has to end within a step. io.EOF says that the peer has ended instead.
func (p *peer) await(n int) ([]byte, error) {
	_ = p.c.SetReadDeadline(time.Now().Add(p.pace.idle))
	first, err := p.some(n)
	if err != nil {
		return nil, err
	}
	_ = p.c.SetReadDeadline(time.Now().Add(p.pace.step))
	return p.rest(first, n)
}

// read reads exactly n bytes of a message that has begun.
func (p *peer) read(n int) ([]byte, error) {
	return p.rest(nil, n)
}

func (p *peer) rest(data []byte, n int) ([]byte, error) {
	for len(data) < n {
		more, err := p.some(n - len(data))
		if err == io.EOF {
			return nil, fmt.Errorf("%w: it ends in the middle", errProtocol)
		}
		if err != nil {
			return nil, err
		}
		data = append(data, more...)
	}
	return data, nil
}

// some reads once, and collects the descriptors that come along.
func (p *peer) some(most int) ([]byte, error) {
	data, list, err := fdpass.ReadMessage(p.c, most)
	p.got = append(p.got, list...)
	if err == nil && len(p.got) > fdpass.MaxBatch {
		err = fmt.Errorf("%w: more than %d descriptors", errProtocol, fdpass.MaxBatch)
	}
	return data, err
}

// none is an error when descriptors came where none belong.
func (p *peer) none() error {
	if len(p.got) > 0 {
		return fmt.Errorf("%w: %d descriptors came with it", errProtocol, len(p.got))
	}
	return nil
}

// one takes the only descriptor that came; the caller owns it.
func (p *peer) one() (*fdpass.Descriptor, error) {
	if len(p.got) != 1 {
		return nil, fmt.Errorf("%w: %d descriptors came with it in place of one", errProtocol, len(p.got))
	}
	d := p.got[0]
	p.got = nil
	return d, nil
}

// write sends one message.
func (p *peer) write(data []byte, list ...fdpass.Named) error {
	_ = p.c.SetWriteDeadline(time.Now().Add(p.pace.step))
	return fdpass.WriteMessage(p.c, data, list)
}
