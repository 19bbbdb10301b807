package wire

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// FetchFDHolder takes a duplicate of one descriptor, by its identifier, from an s6-fdholderd, which keeps its own. The
// caller owns it. ErrUnknown and ErrDenied, by errors.Is, say that it is not there or not for us.
func FetchFDHolder(ctx context.Context, path, id string) (*fdpass.Descriptor, error) {
	d, err := fetch(ctx, path, func(p *peer) (*fdpass.Descriptor, error) { return retrieveFrom(p, id) })
	if err != nil {
		return nil, fmt.Errorf("cannot get %q of the s6-fdholderd at %q: %w", id, path, err)
	}
	return d, nil
}

func retrieveFrom(p *peer, id string) (*fdpass.Descriptor, error) {
	if id == "" || len(id) > maxID {
		return nil, fmt.Errorf("an identifier has 1 to %d bytes", maxID)
	}
	if err := p.write(encodeFrame(encodeID([]byte{'R', 0}, id), 0)); err != nil {
		return nil, err
	}
	answer, err := p.frame(1)
	if err != nil {
		return nil, err
	}
	if answer[0] == answerOK {
		return p.one()
	}
	if err := p.none(); err != nil {
		return nil, err
	}
	return nil, refusedBy(answer[0])
}

// refusedBy puts the errno of an answer into words.
func refusedBy(code byte) error {
	switch code {
	case answerEPERM:
		return fmt.Errorf("%w (its rules decide: S6_FDHOLDER_RETRIEVE_REGEX)", ErrDenied)
	case answerENOENT:
		return ErrUnknown
	}
	return errors.New("it answers: " + syscall.Errno(code).Error())
}
