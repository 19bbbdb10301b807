package output

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func records(lines ...Line) []byte {
	var b []byte
	for i := range lines {
		b = appendRecord(b, &lines[i])
	}
	return b
}

// sum makes the checksum of the first record right, and its size that of all of b if it has none that fits.
func sum(b []byte) {
	size := binary.LittleEndian.Uint32(b[4:])
	if size > uint32(len(b)-recordHead) {
		size = uint32(len(b) - recordHead)
		binary.LittleEndian.PutUint32(b[4:], size)
	}
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:recordHead+size], castagnoli))
}

func reader(b []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(b)) }

func TestRecord(t *testing.T) {
	for _, want := range []Line{
		{Time: time.Unix(1, 999_999_999), Service: "app", Generation: 3, Worker: 7, Text: "text\x00\xff\n"},
		{Time: time.Unix(-5, 0), Text: strings.Repeat("x", MaxLine)},
		{Time: time.Unix(0, 0), Generation: math.MaxInt, Worker: -1, Missed: 12},
		{Service: strings.Repeat("s", math.MaxUint16)}, // the zero time, too
		{Time: time.Unix(0, 0), Text: strings.Repeat("x", maxRecord-recordFixed)},
	} {
		b := records(want)
		if int64(len(b)) != recordSize(&want) {
			t.Errorf("the record of %.40q has %d bytes, not %d", want.Text, len(b), recordSize(&want))
		}
		got, err := readRecord(reader(b))
		if !want.Time.Equal(got.Time) {
			t.Errorf("got %v, want %v", got.Time, want.Time)
		}
		got.Time = want.Time
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v\n%s", err, diff)
		}
	}
}

func TestRecordTooLong(t *testing.T) {
	for _, l := range []Line{{Text: strings.Repeat("x", maxRecord)}, {Service: strings.Repeat("s", math.MaxUint16+1)}} {
		if b := records(l); len(b) != 0 || recordSize(&l) != 0 {
			t.Errorf("there is a record of %d bytes", len(b))
		}
	}
}

// Whatever byte is wrong or missing, it is no record.
func TestRecordDamaged(t *testing.T) {
	whole := records(Line{Service: "app", Text: "text"})
	for i := range whole {
		if _, err := readRecord(reader(whole[:i])); err == nil {
			t.Errorf("%d of %d bytes are a record", i, len(whole))
		}
		bad := bytes.Clone(whole)
		bad[i] ^= 0x10
		if l, err := readRecord(reader(bad)); err == nil {
			t.Errorf("with byte %d wrong: %+v", i, l)
		}
	}
}

// With a right checksum, from a version that made them otherwise.
func TestRecordStrange(t *testing.T) {
	line := Line{Service: "app", Text: "text"}
	for name, damage := range map[string]func(b []byte){
		"version":           func(b []byte) { b[8] = 2 },
		"a second of nanos": func(b []byte) { copy(b[17:], []byte{0, 0xca, 0x9a, 0x3b}) },
		"a long service":    func(b []byte) { b[45] = 8 },
	} {
		b := records(line)
		damage(b)
		sum(b)
		if l, err := readRecord(reader(b)); !errors.Is(err, errRecord) || l != (Line{}) {
			t.Errorf("%s: got %+v, %v", name, l, err)
		}
	}
}

func FuzzReadRecord(f *testing.F) {
	f.Add(records(Line{Time: time.Unix(5, 5), Service: "app", Text: "x"}, Line{Text: "y"}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= recordFixed {
			sum(b) // otherwise it would never get far
		}
		r := reader(b)
		l, err := readRecord(r)
		if err != nil {
			return
		}
		rest, _ := io.ReadAll(r)
		if got := append(records(l), rest...); !bytes.Equal(got, b) {
			t.Errorf("%x is read as %+v, which is %x", b, l, got)
		}
	})
}
