package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
)

// field is one member of a JSON object that this version knows: where it is read into and written from.
type field struct {
	name string
	at   any // a pointer
}

// extra are the members of an object that this version does not know. A newer one wrote them and finds them again.
type extra map[string]json.RawMessage

// readObject reads a JSON object strictly: names are compared exactly and occur once, nothing comes after it.
func readObject(text []byte, known []field) (extra, error) {
	members, err := split(text)
	if err != nil {
		return nil, err
	}
	for _, f := range known {
		raw, ok := members[f.name]
		if !ok {
			continue
		}
		delete(members, f.name)
		if err := json.Unmarshal(raw, f.at); err != nil {
			return nil, fmt.Errorf("%q: %w", f.name, err)
		}
	}
	if len(members) == 0 {
		return nil, nil
	}
	return members, nil
}

func split(text []byte) (extra, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil {
		return nil, err
	} else if t != json.Delim('{') {
		return nil, errors.New("it is not an object")
	}
	members := extra{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		key := name.(string) // the decoder takes nothing else before a colon
		if _, twice := members[key]; twice {
			return nil, fmt.Errorf("%q is there twice", key)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, fmt.Errorf("%q: %w", key, err)
		}
		members[key] = raw
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the object")
	}
	return members, nil
}

// writeObject writes the known members in their order, without those that are nil or empty, then the others by name: the
// same content is the same bytes.
func writeObject(known []field, others extra) ([]byte, error) {
	b := []byte{'{'}
	add := func(name string, value any) error {
		text, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		key, _ := json.Marshal(name) // a string has no error
		b = append(append(append(b, key...), ':'), text...)
		return nil
	}
	for _, f := range known {
		if v := reflect.ValueOf(f.at).Elem(); absent(v) {
			continue
		}
		if err := add(f.name, f.at); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		if err := add(name, others[name]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func absent(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Slice:
		return v.Len() == 0
	case reflect.Pointer:
		return v.IsNil()
	}
	return false
}
