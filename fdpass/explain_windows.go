package fdpass

import (
	"errors"
	"syscall"
)

func newOpenError(spec Spec, op string, err error) *OpenError {
	if already := (*OpenError)(nil); errors.As(err, &already) {
		return already
	}
	e := &OpenError{Name: spec.Name, Address: spec.Address, Op: op, Cause: err.Error()}
	if errors.As(err, &e.Err) {
		e.Cause, e.Advice = explainWinsock(spec, op, e.Err, look(spec, e.Err))
	}
	return e
}

// inWords puts what a call without a listener answered into words.
func inWords(op string, err error) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	e := &OpenError{Op: op, Err: errno}
	e.Cause, e.Advice = explainWinsock(Spec{}, op, errno, sight{})
	return &wordsError{e}
}

// wordsError is the reason of an OpenError without its sentence.
type wordsError struct{ *OpenError }

func (e *wordsError) Error() string { return e.Reason() }
