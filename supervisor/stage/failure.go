package stage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Failure is why a worker could not be started: what was tried, on what, and
// the cause together with what to do about it.
type Failure struct {
	Op     string // what was tried: "run", "enter directory", "become user"
	Object string // on what: a path, a number, a name; may be empty
	Cause  string // why it cannot be done
}

// Error is one sentence: cannot op "object": cause.
func (f *Failure) Error() string {
	if f.Object == "" {
		return "cannot " + f.Op + ": " + f.Cause
	}
	return "cannot " + f.Op + " " + strconv.Quote(f.Object) + ": " + f.Cause
}

// ErrDied is what ReadStatus reports for a stage that ended without a word,
// for example because it was killed.
var ErrDied = errors.New("the stage ended before it ran the command")

// starting is what the stage says last before execve: see the package comment.
const starting = "exec\n"

// maxStatus bounds what a stage says. It stays below the size of a pipe, so the
// stage never blocks in saying it; path names are at most 4096 bytes.
const maxStatus = 1 << 15

// wireFailure is the JSON form of a Failure.
type wireFailure struct {
	Op     text `json:"op"`
	Object text `json:"object,omitempty"`
	Cause  text `json:"cause"`
}

// encode cuts what is over-long, so that the message always fits.
func (f *Failure) encode() []byte {
	cut := func(s string) text { return text(s[:min(len(s), 4096+512)]) }
	b, err := json.Marshal(wireFailure{cut(f.Op), cut(f.Object), cut(f.Cause)})
	if err != nil || len(b) > maxStatus-len(starting) {
		return []byte(`{"op":"start the worker","cause":"internal error: the reason does not fit"}`)
	}
	return b
}

// ReadStatus reads the status pipe of a stage until its end. It returns nil
// when the command was run, the stage's *Failure when it could not be, ErrDied
// when the stage said neither, or the error of r.
func ReadStatus(r io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(r, maxStatus+1))
	if err != nil {
		return err
	}
	rest, started := bytes.CutPrefix(b, []byte(starting))
	switch {
	case len(rest) == 0 && started:
		return nil
	case len(rest) == 0:
		return ErrDied
	case len(b) > maxStatus:
		return errors.New("internal error: the stage said too much")
	}
	return decodeFailure(rest)
}

func decodeFailure(b []byte) error {
	var w wireFailure
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return fmt.Errorf("internal error: the stage said %.80q: %v", b, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("internal error: the stage said more after its failure: %.80q", b)
	}
	return &Failure{Op: string(w.Op), Object: string(w.Object), Cause: string(w.Cause)}
}
