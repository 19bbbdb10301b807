package output

import (
	"errors"
	"io"
	"os"
)

// spool is a queue of bytes in a file that outlives this process. A process that is killed leaves it in order, because it is in
// order between any two of these system calls:
//
//	│ gone      │ content │         lseek: the content begins at the file's position and ends with the file
//	            ▲
//	│ content│  │ content │         pwrite: restart copies it to the front, over what is gone
//	            ▲
//	│ content│                      ftruncate: a position behind the end of the file means its beginning
//	            ▲
//	│ content│                      lseek
//	▲
//
// The position belongs to the open file description (open(2)), so all duplicates of the descriptor share it.
type spool struct {
	f          *os.File
	begin, end int64 // of the content
	sound      bool  // the file says so, too
}

// openSpool reads where the content is and changes nothing: the file may be in use by a process that is not dead yet.
func openSpool(f *os.File) (s spool, err error) {
	s.f = f
	if s.begin, err = f.Seek(0, io.SeekCurrent); err != nil {
		return s, err
	}
	st, err := f.Stat()
	if err != nil {
		return s, err
	}
	if !st.Mode().IsRegular() {
		return s, errors.New("it is not a regular file")
	}
	if s.end = st.Size(); s.begin > s.end {
		s.begin = 0
	}
	return s, nil
}

// settle makes the file say what begin and end say: it cuts off what is beyond the end.
func (s *spool) settle() error {
	if s.sound {
		return nil
	}
	if err := s.f.Truncate(s.end); err != nil {
		return err
	}
	if err := s.seek(s.begin); err != nil {
		return err
	}
	s.sound = true
	return nil
}

// moveTo lets go of everything before begin.
func (s *spool) moveTo(begin int64) error {
	s.begin = begin
	return s.seek(begin)
}

// restart moves the content, which is p, to the front. That is shorter than what is gone.
func (s *spool) restart(p []byte) error {
	if int64(len(p)) >= s.begin {
		return errors.New("internal error: a spool would be written over")
	}
	if _, err := s.f.WriteAt(p, 0); err != nil {
		return err
	}
	if err := s.f.Truncate(int64(len(p))); err != nil {
		return err
	}
	s.begin, s.end, s.sound = 0, int64(len(p)), false
	if err := s.seek(0); err != nil {
		return err
	}
	s.sound = true
	return nil
}

// clear empties it.
func (s *spool) clear() error {
	if s.sound && s.end == 0 {
		return nil
	}
	moved := s.begin > 0 || !s.sound
	s.begin, s.end, s.sound = 0, 0, false
	if err := s.f.Truncate(0); err != nil {
		return err
	}
	if moved {
		if err := s.seek(0); err != nil {
			return err
		}
	}
	s.sound = true
	return nil
}

func (s *spool) seek(to int64) error {
	_, err := s.f.Seek(to, io.SeekStart)
	return err
}
