package keeper

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// maxName bounds the name of anything that is kept, in bytes.
const maxName = 255

// kept is one thing on the shelf: a descriptor or a text.
type kept struct {
	descriptor *fdpass.Descriptor
	text       []byte
}

func (k kept) close() {
	if k.descriptor != nil {
		_ = k.descriptor.Close()
	}
}

// checkName refuses what a message could not carry unchanged.
func checkName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("its name has %d bytes, 1 to %d are allowed", len(name), maxName)
	}
	return checkText(name)
}

// checkWorkerName allows a worker without a name.
func checkWorkerName(name string) error {
	if name == "" {
		return nil
	}
	if err := checkName(name); err != nil {
		return fmt.Errorf("cannot name a worker: %w", err)
	}
	return nil
}

func checkText(text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%q is not UTF-8", text)
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("%q has a character that cannot be printed", text)
		}
	}
	return nil
}

// put keeps k, which the shelf then owns, in place of what was there.
func (l *Local) put(name string, k kept) error {
	return tell(l.core, func(*state) error {
		l.kept[name].close()
		l.kept[name] = k
		return nil
	})
}

// Hold keeps a duplicate of d under name; the caller still owns d.
func (l *Local) Hold(name string, d *fdpass.Descriptor) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("cannot hold a descriptor: %w", err)
	}
	dup, err := d.Dup()
	if err != nil {
		return fmt.Errorf("cannot hold %q: %w", name, err)
	}
	if err := l.put(name, kept{descriptor: dup}); err != nil {
		_ = dup.Close()
		return err
	}
	return nil
}

// Save keeps a copy of text under name.
func (l *Local) Save(name string, text []byte) error {
	if err := checkName(name); err != nil {
		return fmt.Errorf("cannot save a text: %w", err)
	}
	return l.put(name, kept{text: append([]byte{}, text...)})
}

// Drop lets go of what is kept under name. A Spawn that is using it still gets it.
func (l *Local) Drop(name string) error {
	return tell(l.core, func(*state) error {
		l.kept[name].close()
		delete(l.kept, name)
		return nil
	})
}
