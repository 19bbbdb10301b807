package output

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"time"
)

// A record is a line in a file, little endian:
//
//	0       4       8   9            17      21          29      37      45          47
//	│ CRC32C│ size  │ 1 │ seconds    │ nanos │ generation│ worker│ missed│ length of │ service │ text
//	        └────── the sum is of this ─ ─ ─                              service             size = bytes after itself
//
// The byte 1 is the version of what follows it.
const (
	recordHead    = 8
	recordFixed   = 47
	recordVersion = 1

	// maxRecord bounds what a reader believes. Longer lines are not written; a worker's have MaxLine at most.
	maxRecord = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// recordSize is how long the record of a line is; 0: it has none.
func recordSize(l *Line) int64 {
	size := recordFixed + len(l.Service) + len(l.Text)
	if size > maxRecord || len(l.Service) > math.MaxUint16 {
		return 0
	}
	return int64(size)
}

func appendRecord(b []byte, l *Line) []byte {
	size := recordSize(l)
	if size == 0 {
		return b
	}
	start, order := len(b), binary.LittleEndian
	b = append(b, 0, 0, 0, 0)
	b = order.AppendUint32(b, uint32(size-recordHead))
	b = append(b, recordVersion)
	b = order.AppendUint64(b, uint64(l.Time.Unix()))
	b = order.AppendUint32(b, uint32(l.Time.Nanosecond()))
	for _, n := range []int{l.Generation, l.Worker, l.Missed} {
		b = order.AppendUint64(b, uint64(n))
	}
	b = order.AppendUint16(b, uint16(len(l.Service)))
	b = append(append(b, l.Service...), l.Text...)
	order.PutUint32(b[start:], crc32.Checksum(b[start+4:], castagnoli))
	return b
}

var errRecord = errors.New("it is not a record")

// readRecord reads the next record. An error is the end of what can be read: a file that was torn off, or something else.
func readRecord(r *bufio.Reader) (l Line, err error) {
	head, err := r.Peek(recordHead)
	if err != nil {
		return l, err
	}
	sum, size := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
	if size < recordFixed-recordHead || size > maxRecord-recordHead {
		return l, errRecord
	}
	b := make([]byte, recordHead+size)
	if _, err := io.ReadFull(r, b); err != nil {
		return l, err
	}
	if crc32.Checksum(b[4:], castagnoli) != sum || b[recordHead] != recordVersion {
		return l, errRecord
	}
	return parseRecord(b[recordHead+1:])
}

// parseRecord reads what comes after the version.
func parseRecord(b []byte) (l Line, err error) {
	order := binary.LittleEndian
	seconds, nanos := int64(order.Uint64(b)), order.Uint32(b[8:])
	l.Generation, l.Worker, l.Missed = int(order.Uint64(b[12:])), int(order.Uint64(b[20:])), int(order.Uint64(b[28:]))
	service := int(order.Uint16(b[36:]))
	if b = b[38:]; service > len(b) || nanos >= uint32(time.Second) {
		return Line{}, errRecord
	}
	l.Time = time.Unix(seconds, int64(nanos))
	l.Service, l.Text = string(b[:service]), string(b[service:])
	return l, nil
}
