package keeper

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// act is what is done for one kind of request.
type act struct {
	least, most int  // descriptors that come along
	trial       bool // also for a manager on trial
	do          func(*server, *inquiry) (*answer, error)
}

// acts are all there are.
func acts() map[string]act {
	return map[string]act{
		"welcome": {0, 0, true, (*server).welcome},
		"kept":    {0, 0, true, (*server).listKept},
		"workers": {0, 0, true, (*server).listWorkers},
		"exit":    {0, 0, true, (*server).exit},
		"hold":    {1, 1, false, (*server).hold},
		"save":    {1, 1, false, (*server).save},
		"drop":    {0, 0, false, (*server).drop},
		"spawn":   {3, maxRights, false, (*server).spawn},
		"follow":  {0, 1, false, (*server).follow},
		"forget":  {0, 0, false, (*server).forget},
		"notify":  {0, 1, false, (*server).notify},
		"signals": {0, 0, false, (*server).wantSignal},
		"ready":   {0, 0, false, (*server).isReady},
		"upgrade": {1, 1, false, (*server).upgrade},
		"tried":   {0, 0, true, (*server).tried},
		"end":     {0, 0, false, (*server).endAll},
	}
}

// inquiry is a request with what came along.
type inquiry struct {
	request
	from   *manager
	beside []*fdpass.Descriptor // closed before the answer, but for what is taken
	done   chan answer
}

// take gives the descriptor to the caller, who then owns it.
func (i *inquiry) take(n int) *fdpass.Descriptor {
	d := i.beside[n]
	i.beside[n] = nil
	return d
}

// answer is a reply with what goes along, which stays the keeper's.
type answer struct {
	reply
	beside []*fdpass.Descriptor
	late   bool // nothing now
}

// serve answers m, one request after the other, and returns why it stopped: ""
// when it has closed its end.
func (s *server) serve(m *manager) (fault string) {
	buf := make([]byte, maxPacket+1)
	for {
		p, err := m.conn.receive(buf)
		if err == nil {
			err = s.answer(m, p)
		}
		if errors.Is(err, errPacket) {
			return "was killed for a " + err.Error()
		}
		if err != nil {
			return ""
		}
	}
}

// answer carries out one request. Only one that cannot be answered is an error.
func (s *server) answer(m *manager, p packet) error {
	i := &inquiry{from: m, beside: p.beside, done: make(chan answer, 1)}
	if err := decodePacket(p.body, &i.request); err != nil {
		p.close()
		return err
	}
	var a answer
	if err := s.check(i, p.dropped); err != nil {
		a.Error = err.Error()
	} else {
		s.notes <- func() { s.carryOut(i) }
		a = <-i.done
	}
	closeAll(i.beside)
	if a.late {
		return nil
	}
	a.Seq = i.Seq
	if err := sendSome(a, m.sendOut); err != nil { // one that is gone cannot be told that either, but what it has sent still counts
		_ = m.conn.send(reply{Seq: i.Seq, Error: err.Error()}, nil)
	}
	return nil
}

func (m *manager) sendOut(a answer) error {
	return useAll(a.beside, nil, func(fds []int) error { return m.conn.send(a.reply, fds) })
}

// sendSome sends fewer of the things that are kept where the kernel does not take them all, and of one that it does not take only the name.
// Before Linux 6.10 that is a unix socket in which sockets wait in which sockets wait (scm_fp_copy and MAX_RECURSION_LEVEL): whoever has
// the other end can make it so at any time, and no manager could be told of anything.
func sendSome(a answer, send func(answer) error) error {
	err := send(a)
	for errors.Is(err, unix.ETOOMANYREFS) && len(a.beside) > 0 && len(a.Kept) == len(a.beside) {
		a.More = true
		if half := len(a.Kept) / 2; half > 0 {
			a.Kept, a.beside = a.Kept[:half], a.beside[:half]
		} else {
			a.Kept, a.beside = []keptEntry{{Name: a.Kept[0].Name, Stuck: true}}, nil
		}
		err = send(a)
	}
	return err
}

// check judges a request by itself, outside the loop.
func (s *server) check(i *inquiry, dropped bool) error {
	a, ok := s.acts[i.Kind]
	switch {
	case !ok:
		return fmt.Errorf("%w: there is no request of kind %q", errPacket, i.Kind)
	case dropped || !roomFor(i.beside):
		return errDescriptorLimit
	case len(i.beside) < a.least || len(i.beside) > a.most:
		return fmt.Errorf("%w: %q came with %d descriptors", errPacket, i.Kind, len(i.beside))
	}
	return nil
}

// spare are the numbers that requests leave free, below RLIMIT_NOFILE: without them
// the next manager could not be started.
const spare = 16

func roomFor(beside []*fdpass.Descriptor) bool {
	var limit unix.Rlimit
	if len(beside) == 0 || unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return true
	}
	return useAll(beside, nil, func(fds []int) error {
		if uint64(slices.Max(fds)+spare) > limit.Cur {
			return errDescriptorLimit
		}
		return nil
	}) == nil
}

// carryOut runs in the loop.
func (s *server) carryOut(i *inquiry) {
	act := s.acts[i.Kind]
	if i.from.trial && !act.trial {
		i.done <- answer{reply: reply{Error: "a manager on trial may only look"}}
		return
	}
	a, err := act.do(s, i)
	switch {
	case err != nil:
		i.done <- answer{reply: reply{Error: err.Error(), Reason: reasonOf(err)}}
	case a != nil:
		i.done <- *a
	}
}

// later postpones the answer to deliver.
func (i *inquiry) later() (*answer, error) {
	if _, waits := i.from.late[i.Kind]; waits {
		return nil, errors.New("it was asked for already")
	}
	i.from.late[i.Kind] = i.Seq
	return &answer{late: true}, nil
}

// deliver answers a postponed request, if m has made one.
func (s *server) deliver(m *manager, kind string, r reply) bool {
	seq, waits := m.late[kind]
	if !waits {
		return false
	}
	delete(m.late, kind)
	r.Seq = seq
	m.writing++
	go func() {
		_ = m.conn.send(r, nil)
		s.notes <- func() {
			m.writing--
			s.replaceWhenIdle()
		}
	}()
	return true
}

func (s *server) endAll(i *inquiry) (*answer, error) {
	s.end(i.Code)
	return &answer{late: true}, nil
}

func (s *server) hold(i *inquiry) (*answer, error) { return s.shelve(i, false) }

func (s *server) save(i *inquiry) (*answer, error) { return s.shelve(i, true) }

func (s *server) shelve(i *inquiry, text bool) (*answer, error) {
	if err := checkName(i.Name); err != nil {
		return nil, err
	}
	if len(s.kept) >= fdpass.MaxNamed {
		return nil, fmt.Errorf("%d are kept already", len(s.kept))
	}
	s.release(i.Name)
	s.kept[i.Name] = shelved{i.take(0), text}
	return &answer{}, nil
}

func (s *server) drop(i *inquiry) (*answer, error) {
	s.release(i.Name)
	return &answer{}, nil
}

func (s *server) release(name string) {
	if k, ok := s.kept[name]; ok {
		k.descriptor.CloseForeign()
		delete(s.kept, name)
	}
}

// listKept gives one page of what is kept, sorted by name.
func (s *server) listKept(i *inquiry) (*answer, error) {
	a := &answer{}
	size := 0
	for _, name := range slices.Sorted(maps.Keys(s.kept)) {
		if name <= i.Name && i.Name != "" {
			continue
		}
		if size += len(name) + 32; size > maxPage || len(a.beside) == maxRights {
			a.More = true
			break
		}
		k := s.kept[name]
		a.Kept = append(a.Kept, keptEntry{Name: name, Text: k.text})
		a.beside = append(a.beside, k.descriptor)
	}
	return a, nil
}
