package wire

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// s6-fdholder, on a unix stream socket. Every message is a frame, its descriptors beside it (SCM_RIGHTS):
//
//	length:4 descriptors:2 data:length
//
//	client (s6-fdholder-*)                                    server
//	   │  'S' expiry:12 name          + 1 descriptor  (store)    │
//	   │  'D' name                                    (delete)   │
//	   │  'R' delete:1 name                           (retrieve) │
//	   │  'L'                                         (list)     │
//	   │  '?'      '!' count:4                 (get, set a dump) │
//	   ├────────────────────────────────────────────────────────▶│
//	   │  errno:1                                                │
//	   │  0                           + 1 descriptor  (retrieve) │
//	   │  0 count:4 (identifier 0) × count            (list)     │
//	   │◀────────────────────────────────────────────────────────┤
//	   │                         ... until the client ends       │
//
// A name is (length:1 identifier:length 0). Numbers are big endian. An expiry is a TAI64N label: seconds:8 since 1970 in
// TAI, plus 2^62, nanoseconds:4. After what is not the protocol the daemon closes the connection without a word; dumps
// are for those with special rights and so EPERM here. Sources: s6 src/fdholder/s6-fdholderd.c, skalibs unixmessage and tai.
const (
	frameHead    = 6
	maxRequest   = 1 + taiSize + 1 + maxID + 1 // bytes, of a request's data
	maxID        = 255
	taiSize      = 12
	taiEpoch     = 1 << 62
	taiAhead     = 37      // seconds that TAI is ahead of UTC since 2017
	taiForever   = 1 << 40 // seconds after which an expiry means never; s6 writes "no limit" as 2^61
	maxListReply = 1 << 24 // bytes
)

// What the daemon answers: Linux's numbers, on every system.
const (
	answerOK     = 0
	answerEPERM  = 1
	answerENOENT = 2
	answerEIO    = 5
	answerEBUSY  = 16
	answerENFILE = 23
)

// request is one decoded message of a client.
type request struct {
	kind   byte
	id     string
	remove bool      // retrieve and delete
	until  time.Time // store; zero: for ever
}

// parseRequest reads the data of a frame that came with n descriptors.
func parseRequest(data []byte, n int) (request, error) {
	r, body, err := request{}, data, error(nil)
	if len(data) > 0 {
		r.kind, body = data[0], data[1:]
	}
	expected := 0
	switch r.kind {
	case 'S':
		expected = 1
		if len(body) < taiSize {
			return r, fmt.Errorf("%w: no time of expiry", errProtocol)
		}
		r.until, body = parseTAI(body[:taiSize]), body[taiSize:]
		r.id, err = parseID(body)
	case 'D':
		r.id, err = parseID(body)
	case 'R':
		if len(body) == 0 {
			return r, fmt.Errorf("%w: no flag", errProtocol)
		}
		r.remove = body[0] != 0
		r.id, err = parseID(body[1:])
	case 'L', '?':
		err = exactly(body, 0)
	case '!':
		err = exactly(body, 4)
	default:
		return r, fmt.Errorf("%w: request %q is not known", errProtocol, r.kind)
	}
	if err == nil && n != expected {
		err = fmt.Errorf("%w: request %q with %d descriptors", errProtocol, r.kind, n)
	}
	return r, err
}

func exactly(b []byte, n int) error {
	if len(b) != n {
		return fmt.Errorf("%w: %d bytes in place of %d", errProtocol, len(b), n)
	}
	return nil
}

// parseID takes what can name a descriptor here: 1 to 255 printable ASCII characters.
func parseID(b []byte) (string, error) {
	if len(b) < 3 || len(b) != 2+int(b[0]) || b[len(b)-1] != 0 {
		return "", fmt.Errorf("%w: no proper identifier", errProtocol)
	}
	id := string(b[1 : len(b)-1])
	if strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", fmt.Errorf("%w: identifier %q is not printable ASCII", errProtocol, id)
	}
	return id, nil
}

// parseTAI reads a label; the zero time is one that never comes.
func parseTAI(b []byte) time.Time {
	seconds := int64(binary.BigEndian.Uint64(b)) - taiEpoch - taiAhead
	if seconds > taiForever || seconds < 0 {
		if seconds < 0 {
			return time.Unix(0, 0)
		}
		return time.Time{}
	}
	return time.Unix(seconds, int64(min(binary.BigEndian.Uint32(b[8:]), 999_999_999)))
}

func encodeID(b []byte, id string) []byte {
	return append(append(append(b, byte(len(id))), id...), 0)
}

// encodeFrame puts the head before data.
func encodeFrame(data []byte, descriptors int) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = binary.BigEndian.AppendUint16(b, uint16(descriptors))
	return append(b, data...)
}

// encodeList makes the answer to 'L'. What it does not have room for is left out.
func encodeList(list []fdpass.Named) []byte {
	var ids []byte
	count := uint32(0)
	for _, n := range list {
		if len(ids)+len(n.Name)+1 > maxListReply {
			break
		}
		ids = append(append(ids, n.Name...), 0)
		count++
	}
	return append(binary.BigEndian.AppendUint32([]byte{answerOK}, count), ids...)
}

// frame reads one frame of at most most bytes of data; what came with it is in p.got.
func (p *peer) frame(most int) ([]byte, error) {
	head, err := p.await(frameHead)
	if err != nil {
		return nil, err
	}
	length, descriptors := binary.BigEndian.Uint32(head), int(binary.BigEndian.Uint16(head[4:]))
	if length == 0 || uint64(length) > uint64(most) {
		return nil, fmt.Errorf("%w: %d bytes, 1 to %d are allowed", errProtocol, length, most)
	}
	data, err := p.read(int(length))
	if err != nil {
		return nil, err
	}
	if len(p.got) != descriptors {
		return nil, fmt.Errorf("%w: %d descriptors came in place of %d", errProtocol, len(p.got), descriptors)
	}
	return data, nil
}
