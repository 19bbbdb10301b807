package adopt

import (
	"encoding/binary"
	"fmt"
)

// question is what the program asks, put the same for every kind of program.
type question struct {
	*notice
	call      call
	arguments [3]uint64
}

// question reads what socketcall(2) hides: its arguments are 32-bit words in the program's memory.
func (s *server) question(n *notice) (question, error) {
	c, known := callOf(n.arch, n.number)
	if !known {
		return question{}, fmt.Errorf("the kernel asked about system call %d of architecture %#x", n.number, n.arch)
	}
	q := question{notice: n, call: c, arguments: [3]uint64(n.arguments[:3])}
	if c != callSocketCall {
		return q, nil
	}
	words, err := s.read(n, n.arguments[1], 3*4)
	if err != nil {
		return q, err
	}
	for i := range q.arguments {
		q.arguments[i] = uint64(binary.NativeEndian.Uint32(words[4*i:]))
	}
	q.call = callBind
	if uint32(n.arguments[0]) == socketCallListen {
		q.call = callListen
	}
	return q, nil
}

// number is the descriptor that the call is about; the kernel takes the low half of the register.
func (q question) descriptor() int { return int(int32(q.arguments[0])) }
