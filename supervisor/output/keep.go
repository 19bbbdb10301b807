package output

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
)

// slack is how much a file may hold beyond twice what is needed, so that a small log is not compacted all the time.
const slack = 64 << 10

// keeping writes the lines of a Log to a file, too. It belongs to the one who has the lock of the Log.
//
//	file   gone │ records of lines that the log has dropped │ records of lines that it has │ torn
//	            begin                                       end-live                       end
type keeping struct {
	spool
	live    int64  // bytes of records of lines that the log still has
	written uint64 // number of the first line that is not in the file
	failed  bool
	retry   uint64 // number of the line that is worth the next try
	buf     []byte // kept between lines
}

// Keep writes the lines that the log has, and every new one, to f as well, from which RestoreLog reads them in a later process. What
// f held is gone. f is a file from fdpass.NewMemory (or any other that was opened for reading and writing without O_APPEND); it
// stays the caller's, who closes it when the log is no longer used.
//
// The file stays below twice the size of the log's lines and a line, and 64 KiB. It is compacted so that a process killed meanwhile
// leaves all of them. Lines that cannot be written (ENOSPC, EFBIG) stay in memory, and are written when that
// works again if the log still has them.
func (l *Log) Keep(f *os.File) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keeping = &keeping{spool: spool{f: f}, written: l.oldest()}
	l.write()
}

// RestoreLog makes a log of at most so many lines (at least one) from what Log.Keep wrote to f, and goes on keeping its lines there. A
// record that is not whole ends what is read. Nothing in f changes before the first Append: its former user
// may still be alive. f stays the caller's.
func RestoreLog(lines int, f *os.File) (*Log, error) {
	s, err := openSpool(f)
	if err != nil {
		return nil, fmt.Errorf("cannot restore log from %q: %w", f.Name(), cause(err))
	}
	l := NewLog(lines)
	r := bufio.NewReader(io.NewSectionReader(f, s.begin, s.end-s.begin))
	s.end = s.begin
	for {
		line, err := readRecord(r)
		if err != nil {
			break
		}
		l.Append(line)
		s.end += recordSize(&line)
	}
	l.keeping = &keeping{spool: s, written: l.next}
	for n := l.oldest(); n < l.next; n++ {
		l.keeping.live += recordSize(&l.ring[l.slot(n)])
	}
	return l, nil
}

// write brings the file up to date. After a failure it tries again with the next line, then after two more, four, and so on.
func (l *Log) write() {
	k := l.keeping
	if k == nil || l.next < k.retry {
		return
	}
	if err := l.tryWrite(); err != nil {
		k.failed, k.sound = true, false // there may be a part of a record behind the end
		k.retry = l.next + l.next - max(k.written, l.oldest())
		return
	}
	k.failed = false
}

func (l *Log) tryWrite() error {
	k := l.keeping
	if err := k.settle(); err != nil {
		return err
	}
	if excess := k.end - 2*k.live; excess > slack || k.failed && excess > 0 {
		if err := l.compact(); err != nil {
			return err
		}
	}
	b := l.records(max(k.written, l.oldest()), l.next)
	if _, err := k.f.WriteAt(b, k.end); err != nil {
		return err
	}
	k.end += int64(len(b))
	k.live += int64(len(b))
	k.written = l.next
	return nil
}

// compact leaves the records of lines that the log has. They are less than half of the file.
func (l *Log) compact() error {
	k := l.keeping
	if err := k.moveTo(k.end - k.live); err != nil {
		return err
	}
	return k.restart(l.records(min(l.oldest(), k.written), k.written))
}

// records are those of lines from up to before to. They are good until the next call.
func (l *Log) records(from, to uint64) []byte {
	size := int64(0)
	for n := from; n < to; n++ {
		size += recordSize(&l.ring[l.slot(n)])
	}
	b := slices.Grow(l.keeping.buf[:0], int(size))
	for n := from; n < to; n++ {
		b = appendRecord(b, &l.ring[l.slot(n)])
	}
	if cap(b) <= MaxLine/8 {
		l.keeping.buf = b
	}
	return b
}

// dropped says that the log no longer has its oldest line.
func (k *keeping) dropped(number uint64, line *Line) {
	if k != nil && number < k.written {
		k.live -= recordSize(line)
	}
}
