package supervisor

import (
	"encoding/json"
	"reflect"
	"strings"
)

// extra are the fields of a JSON object that this version does not know. They are saved again as they were read, so that a
// newer version finds them when it takes over from this one.
type extra map[string]json.RawMessage

// readKeeping decodes an object into the struct that known points to, and what is not of it into unknown.
func readKeeping(text []byte, known any, unknown *extra) error {
	if err := json.Unmarshal(text, known); err != nil {
		return err
	}
	var rest extra
	if err := json.Unmarshal(text, &rest); err != nil {
		return err
	}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(known).Elem()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		delete(rest, name)
	}
	*unknown = nil
	if len(rest) > 0 {
		*unknown = rest
	}
	return nil
}

// writeKeeping encodes a struct that is an object in JSON with the unknown fields behind its own.
func writeKeeping(known any, unknown extra) ([]byte, error) {
	text, err := json.Marshal(known)
	if err != nil || len(unknown) == 0 {
		return text, err
	}
	rest, err := json.Marshal(unknown)
	if err != nil {
		return nil, err
	}
	joint := []byte(",")
	if len(text) == len("{}") {
		joint = nil
	}
	text = append(text[:len(text)-1], joint...)
	return append(text, rest[1:]...), nil
}

// UnmarshalJSON keeps unknown fields.
func (s *serviceState) UnmarshalJSON(text []byte) error {
	type plain serviceState
	return readKeeping(text, (*plain)(s), &s.Extra)
}

// MarshalJSON puts the unknown fields back.
func (s serviceState) MarshalJSON() ([]byte, error) {
	type plain serviceState
	return writeKeeping(plain(s), s.Extra)
}

// UnmarshalJSON keeps unknown fields.
func (g *generationState) UnmarshalJSON(text []byte) error {
	type plain generationState
	return readKeeping(text, (*plain)(g), &g.Extra)
}

// MarshalJSON puts the unknown fields back.
func (g generationState) MarshalJSON() ([]byte, error) {
	type plain generationState
	return writeKeeping(plain(g), g.Extra)
}

// UnmarshalJSON keeps unknown fields.
func (s *slotState) UnmarshalJSON(text []byte) error {
	type plain slotState
	return readKeeping(text, (*plain)(s), &s.Extra)
}

// MarshalJSON puts the unknown fields back.
func (s slotState) MarshalJSON() ([]byte, error) {
	type plain slotState
	return writeKeeping(plain(s), s.Extra)
}

// UnmarshalJSON keeps unknown fields.
func (w *workerState) UnmarshalJSON(text []byte) error {
	type plain workerState
	return readKeeping(text, (*plain)(w), &w.Extra)
}

// MarshalJSON puts the unknown fields back.
func (w workerState) MarshalJSON() ([]byte, error) {
	type plain workerState
	return writeKeeping(plain(w), w.Extra)
}

// UnmarshalJSON keeps unknown fields.
func (r *rolloutState) UnmarshalJSON(text []byte) error {
	type plain rolloutState
	return readKeeping(text, (*plain)(r), &r.Extra)
}

// MarshalJSON puts the unknown fields back.
func (r rolloutState) MarshalJSON() ([]byte, error) {
	type plain rolloutState
	return writeKeeping(plain(r), r.Extra)
}

// UnmarshalJSON keeps unknown fields.
func (v *reserveState) UnmarshalJSON(text []byte) error {
	type plain reserveState
	return readKeeping(text, (*plain)(v), &v.Extra)
}

// MarshalJSON puts the unknown fields back.
func (v reserveState) MarshalJSON() ([]byte, error) {
	type plain reserveState
	return writeKeeping(plain(v), v.Extra)
}

// UnmarshalJSON keeps unknown fields.
func (o *operationState) UnmarshalJSON(text []byte) error {
	type plain operationState
	return readKeeping(text, (*plain)(o), &o.Extra)
}

// MarshalJSON puts the unknown fields back.
func (o operationState) MarshalJSON() ([]byte, error) {
	type plain operationState
	return writeKeeping(plain(o), o.Extra)
}

// UnmarshalJSON keeps unknown fields.
func (f *storedState) UnmarshalJSON(text []byte) error {
	type plain storedState
	return readKeeping(text, (*plain)(f), &f.Extra)
}

// MarshalJSON puts the unknown fields back.
func (f storedState) MarshalJSON() ([]byte, error) {
	type plain storedState
	return writeKeeping(plain(f), f.Extra)
}

// UnmarshalJSON keeps unknown fields.
func (m *managerState) UnmarshalJSON(text []byte) error {
	type plain managerState
	return readKeeping(text, (*plain)(m), &m.Extra)
}

// MarshalJSON puts the unknown fields back.
func (m managerState) MarshalJSON() ([]byte, error) {
	type plain managerState
	return writeKeeping(plain(m), m.Extra)
}
