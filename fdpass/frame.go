package fdpass

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Named descriptors travel in batches, two writes each, on a unix stream or seqpacket socket:
//
//	sender                                                                            receiver
//	   │  "SVFD" version:1 0:1 count:2 left:4 size:4   + count descriptors (SCM_RIGHTS)   │
//	   ├─────────────────────────────────────────────────────────────────────────────────▶│
//	   │  (length:1 name:length) × count                              = size bytes        │
//	   ├─────────────────────────────────────────────────────────────────────────────────▶│
//	   │                     ... until left is 0                                          │
//
// Numbers are big endian. left counts the descriptors of the batches that follow. A list of none is one batch of none,
// without the second write. The header has a fixed size and is read alone, because a stream does not keep the bounds of
// writes and the descriptors come with the first byte of theirs.
const (
	frameMagic   = "SVFD"
	frameVersion = 1
	frameHeader  = 16

	// MaxBatch is how many descriptors the kernel takes in one message (SCM_MAX_FD of unix(7)).
	MaxBatch = 253
	// MaxNamed bounds what Receive takes in all.
	MaxNamed = 1 << 16

	maxName = 255
)

// batch is a decoded header.
type batch struct {
	count int // descriptors beside this header
	left  int // in the batches that follow
	size  int // bytes of names
}

var errFrame = errors.New("malformed message of named descriptors")

func (b batch) encode() []byte {
	h := make([]byte, 0, frameHeader)
	h = append(h, frameMagic...)
	h = append(h, frameVersion, 0)
	h = binary.BigEndian.AppendUint16(h, uint16(b.count))
	h = binary.BigEndian.AppendUint32(h, uint32(b.left))
	return binary.BigEndian.AppendUint32(h, uint32(b.size))
}

// parseBatch reads a header that came with received descriptors; expected is what the last one left, -1 at the start.
func parseBatch(h []byte, received, expected int) (batch, error) {
	if len(h) != frameHeader || string(h[:4]) != frameMagic {
		return batch{}, fmt.Errorf("%w: it does not begin with %q", errFrame, frameMagic)
	}
	if h[4] != frameVersion || h[5] != 0 {
		return batch{}, fmt.Errorf("%w: version %d.%d is not known", errFrame, h[4], h[5])
	}
	count, left, size := binary.BigEndian.Uint16(h[6:]), binary.BigEndian.Uint32(h[8:]), binary.BigEndian.Uint32(h[12:])
	b := batch{count: int(count), left: int(min(left, MaxNamed+1)), size: int(min(size, 1<<20))}
	switch {
	case b.count != received:
		return b, fmt.Errorf("%w: it announces %d descriptors and came with %d", errFrame, b.count, received)
	case b.count > MaxBatch || b.count+b.left > MaxNamed:
		return b, fmt.Errorf("%w: too many descriptors", errFrame)
	case b.count == 0 && (b.left > 0 || expected > 0):
		return b, fmt.Errorf("%w: a batch of none in the middle", errFrame)
	case expected >= 0 && b.count+b.left != expected:
		return b, fmt.Errorf("%w: %d descriptors are left in place of %d", errFrame, b.count+b.left, expected)
	case b.size < 2*b.count || b.size > b.count*(1+maxName):
		return b, fmt.Errorf("%w: %d bytes cannot be %d names", errFrame, b.size, b.count)
	}
	return b, nil
}

func encodeNames(list []Named) ([]byte, error) {
	var out []byte
	for _, n := range list {
		if err := checkName(n.Name); err != nil {
			return nil, err
		}
		out = append(out, byte(len(n.Name)))
		out = append(out, n.Name...)
	}
	return out, nil
}

// parseNames reads exactly count names from exactly all of b.
func parseNames(b []byte, count int) ([]string, error) {
	names := make([]string, 0, min(count, MaxBatch))
	for range count {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return nil, fmt.Errorf("%w: the names end too early", errFrame)
		}
		name := string(b[1 : 1+int(b[0])])
		if err := checkName(name); err != nil {
			return nil, fmt.Errorf("%w: %w", errFrame, err)
		}
		names, b = append(names, name), b[1+int(b[0]):]
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: %d bytes follow the names", errFrame, len(b))
	}
	return names, nil
}

// checkName takes 1 to 255 printable ASCII characters.
func checkName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("a name of %d bytes, 1 to %d are allowed", len(name), maxName)
	}
	for i := range len(name) {
		if name[i] < ' ' || name[i] > '~' {
			return fmt.Errorf("name %q has a character that is not printable ASCII", name)
		}
	}
	return nil
}
