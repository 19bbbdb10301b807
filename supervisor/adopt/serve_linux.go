package adopt

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// server is one run of Serve.
type server struct {
	o    Options
	page *page
	told map[Event]bool // what is reported once
}

// verdict is what a question is answered with.
type verdict struct {
	errno unix.Errno // 0 is success, and the call returns 0
	pass  bool       // the kernel carries the call out as if nobody had asked
}

func succeed() verdict            { return verdict{} }
func pass() verdict               { return verdict{pass: true} }
func refuse(e unix.Errno) verdict { return verdict{errno: e} }
func (v verdict) reply(id uint64) reply {
	r := reply{id: id, errno: -int32(v.errno)}
	if v.pass {
		r.flags = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
	}
	return r
}

func serve(ctx context.Context, o Options) error {
	p, unmap, err := mapPage(o.Page)
	if err != nil {
		return err
	}
	defer unmap()
	w, err := newWaiter(ctx, o.Notify)
	if err != nil {
		return fmt.Errorf("cannot wait for bind and listen: %w", err)
	}
	defer w.close()
	s := &server{o: o, page: p, told: map[Event]bool{}}
	return s.run(ctx, w)
}

// run begins with the question that an earlier one has left.
func (s *server) run(ctx context.Context, w *waiter) error {
	for {
		if err := s.answer(); err != nil {
			return fmt.Errorf("cannot answer bind and listen: %w", err)
		}
		err := w.wait(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.next(); err != nil {
			return fmt.Errorf("cannot take a question of bind or listen: %w", err)
		}
	}
}

// next takes a question into the page.
func (s *server) next() error {
	s.page.clear()
	err := s.take(&s.page.notice)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EAGAIN) {
		return nil // the program was killed meanwhile
	}
	s.step("taken")
	return err
}

// answer answers the question in the page, if there is one and the program still waits.
func (s *server) answer() error {
	n := s.page.notice
	if n.id == 0 && n.arch == 0 || !s.waits(&n) {
		s.page.clear()
		return nil
	}
	v := s.decide(&n)
	s.step("decided")
	if err := s.send(v.reply(n.id)); err != nil {
		return err
	}
	s.step("sent")
	s.page.clear()
	return nil
}

func (s *server) step(name string) {
	if s.o.at != nil {
		s.o.at(name)
	}
}

// decide finds out what the program wants and carries it out.
func (s *server) decide(n *notice) verdict {
	q, err := s.question(n)
	if err != nil {
		return s.notIntercepted(n, Event{}, err)
	}
	switch q.call {
	case callBind:
		return s.bind(q)
	case callListen:
		return s.listen(q)
	case callUnlink, callUnlinkAt:
		return s.unlink(q)
	case callRing:
		return s.refuseRing(n)
	}
	return pass()
}

// refuseRing: what goes through a ring is not asked about. Programs that find no io_uring do without it.
func (s *server) refuseRing(n *notice) verdict {
	s.once(n, Event{Kind: Refused, Why: "io_uring_setup is answered \"function not implemented\": bind and listen by io_uring could not be intercepted"})
	return refuse(unix.ENOSYS)
}

// notIntercepted lets the call go on, and says so unless the program itself is wrong (a bad address or descriptor) or gone.
func (s *server) notIntercepted(n *notice, e Event, why error) verdict {
	switch why {
	case errGone, unix.EBADF, unix.EFAULT, unix.ENAMETOOLONG:
		return pass()
	}
	e.Kind, e.Why = NotIntercepted, why.Error()
	s.once(n, e)
	return pass()
}

// once reports what is worth saying once, whichever process it was. The pid is found only then.
func (s *server) once(n *notice, e Event) {
	if s.told[e] || len(s.told) > maxTold {
		return
	}
	s.told[e] = true
	e.PID = processOf(int(n.pid))
	s.o.Report(e)
}

// maxTold bounds what a program that tries address after address makes us keep.
const maxTold = 1000
