package wire

import (
	"errors"
	"fmt"
	"io"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// maxRequests bounds one dialogue.
const maxRequests = 4096

// serveFDHolder answers requests until the client ends.
func serveFDHolder(p *peer, s Store) error {
	for range maxRequests {
		data, err := p.frame(maxRequest)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		r, err := parseRequest(data, len(p.got))
		if err == nil {
			err = p.answer(r, s)
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: more than %d requests", errProtocol, maxRequests)
}

// answer does what was asked and says how it went.
func (p *peer) answer(r request, s Store) error {
	switch r.kind {
	case 'S':
		return p.store(r, s)
	case 'D':
		return p.say(s.Delete(r.id))
	case 'R':
		return p.retrieve(r, s)
	case 'L':
		return p.list(s)
	}
	return p.say(ErrDenied) // dumps
}

func (p *peer) store(r request, s Store) error {
	d, err := p.one()
	if err != nil {
		return err
	}
	return p.say(s.Put(r.id, d, r.until))
}

// retrieve deletes before it sends: of several peers that retrieve and delete, one gets the descriptor.
func (p *peer) retrieve(r request, s Store) error {
	d, err := find(s, r.id)
	if err != nil {
		return p.say(err)
	}
	defer d.CloseForeign() // the last one, if it is deleted
	if r.remove {
		if err := s.Delete(r.id); err != nil {
			return p.say(err)
		}
	}
	return p.write(encodeFrame([]byte{answerOK}, 1), fdpass.Named{Name: r.id, Descriptor: d})
}

func (p *peer) list(s Store) error {
	list, err := s.List()
	if err != nil {
		return p.say(err)
	}
	defer closeAll(list)
	return p.write(encodeFrame(encodeList(list), 0))
}

// say answers with an errno alone.
func (p *peer) say(err error) error {
	return p.write(encodeFrame([]byte{answerFor(err)}, 0))
}

// answerFor gives the errno that a client of s6-fdholderd knows.
func answerFor(err error) byte {
	switch {
	case err == nil:
		return answerOK
	case errors.Is(err, ErrExists):
		return answerEBUSY
	case errors.Is(err, ErrUnknown):
		return answerENOENT
	case errors.Is(err, ErrDenied):
		return answerEPERM
	case errors.Is(err, ErrFull):
		return answerENFILE
	}
	return answerEIO
}
