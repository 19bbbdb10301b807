package keeper

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

const (
	// lifetime is how long a manager that was ready must go on for its end to count
	// as a single accident.
	lifetime = 100 * time.Millisecond
	// tolerated is how many accidents in a row do not make the next manager wait,
	// and killed how many of managers that had been ready: whoever kills one after
	// the other finds the next one there each time.
	tolerated = 5
	killed    = 500
	// backoff and maxBackoff bound the waiting after that.
	backoff    = 100 * time.Millisecond
	maxBackoff = 10 * time.Second
)

// manager is one manager process. All but the first group is the loop's.
type manager struct {
	pid     int
	process handle
	conn    *conn

	trial   bool               // may only look
	sample  *fdpass.Descriptor // of a hand-over, for a trial
	fresh   bool               // is the result of an upgrade that is not complete
	ready   time.Time          // zero: not yet
	told    int                // signals to stop that it knows of
	greeted bool               // it has asked for its welcome
	fault   string             // why we killed it; "" if we did not
	timer   *time.Timer        // kills it when it does not report
	late    map[string]uint64  // requests to be answered when it is time, by kind
	writing int                // late answers under way
}

// start runs a manager: it has one end of a pair of sockets at 3, our standard
// descriptors, and a session of its own, so that Ctrl-C comes only to us. One on
// trial has words in place of standard error, which is at 4 until it has connected.
func (s *server) start(program string, words ...uintptr) (*manager, error) {
	c, theirs, err := pair()
	if err != nil {
		return nil, err
	}
	defer unix.Close(theirs)
	attr := &syscall.ProcAttr{Env: s.environ, Files: []uintptr{0, 1, 2, uintptr(theirs)}, Sys: &syscall.SysProcAttr{Setsid: true}}
	if len(words) > 0 {
		attr.Files = []uintptr{0, 1, words[0], uintptr(theirs), 2}
	}
	pidfd := wantPidFD(attr.Sys)
	pid, err := syscall.ForkExec(program, append([]string{"supervise", "manager"}, s.args...), attr)
	if err != nil {
		c.close()
		return nil, fmt.Errorf("cannot run %q: %w", program, err)
	}
	m := &manager{pid: pid, process: childHandle(pid, pidfd), conn: c, late: make(map[string]uint64)}
	s.attend(m)
	return m, nil
}

// attend serves m until it is gone and all that it has sent was carried out.
func (s *server) attend(m *manager) {
	served := make(chan struct{})
	go func() {
		defer close(served)
		fault := s.serve(m)
		s.notes <- func() { s.kill(m, fault) } // it can do nothing without us
	}()
	go func() {
		exit, _ := m.process.wait()
		m.conn.hangUp()
		<-served
		s.notes <- func() { s.ended(m, exit) }
	}()
}

// kill ends m for the given reason, if it is not gone already.
func (s *server) kill(m *manager, why string) {
	if m.process.signal(unix.SIGKILL) == nil && m.fault == "" {
		m.fault = why // of one that is just ending anyway it does not count
	}
}

// ended comes once for each manager.
func (s *server) ended(m *manager, exit Exit) {
	m.close()
	how := exit.String()
	if m.fault != "" && exit.Signal == unix.SIGKILL {
		how = m.fault
	}
	switch {
	case m == s.trial:
		s.trial = nil
		if !m.greeted && m.fault == "" {
			how += " before it had said anything (is it a supervise, and no older than this one?)"
		}
		s.refuseUpgrade("the new program's manager " + how)
	case s.takingOver && s.trial != nil:
		s.promote()
	default:
		s.current, s.before = nil, how
		s.abandonUpgrade(m, how)
		s.restart(s.delay(m))
	}
}

func (m *manager) close() {
	_ = syscall.Kill(-m.pid, unix.SIGKILL) // what it has started: its group is its own as long as it is not reaped
	m.process.reap()
	m.process.close()
	m.conn.close()
	if m.timer != nil {
		m.timer.Stop()
	}
	if m.sample != nil {
		_ = m.sample.Close()
	}
}

// delay is how long the one after m has to wait.
func (s *server) delay(m *manager) time.Duration {
	switch {
	case m.ready.IsZero():
		s.short++
	case time.Since(m.ready) >= lifetime:
		s.short, s.brief = 0, 0
	default:
		s.short = 0
		s.brief++
	}
	return s.pause()
}

// pause grows with the number of managers in a row that did not live long. While
// there is nothing to look after, none is tolerated: it may be wrong for good.
func (s *server) pause() time.Duration {
	short := s.short
	if s.everReady || len(s.kept) > 0 || len(s.workers) > 0 {
		short -= tolerated
	}
	short = max(short, s.brief-killed)
	if short < 1 {
		return 0
	}
	return min(backoff<<min(short-1, 30), maxBackoff)
}

// restart starts a manager, of this program, after the delay.
func (s *server) restart(delay time.Duration) {
	if delay > 0 {
		say(fmt.Sprintf("the manager %s, starting it again in %s", s.before, delay))
		time.AfterFunc(delay, func() { s.notes <- func() { s.restart(0) } })
		return
	}
	if s.current != nil {
		return // a signal did not let it wait
	}
	m, err := s.start("/proc/self/exe")
	if err != nil {
		s.before = "could not be started: " + err.Error()
		s.short++
		s.restart(max(s.pause(), backoff))
		return
	}
	s.current = m
}

// welcome tells a manager what it cannot know.
func (s *server) welcome(i *inquiry) (*answer, error) {
	i.from.told, i.from.greeted = s.stopping, true
	if !i.from.trial {
		s.settle(i.from)
	}
	a := &answer{reply: reply{Welcome: &Welcome{
		Protocol: protocol, KeeperPID: os.Getpid(), Trial: i.from.trial, Before: s.before, Stopping: s.stopping,
		Failed: s.failed, Given: s.given, Watchdog: watchdog(os.Getenv), Program: s.program,
		Groups: true,
	}}}
	if i.from.sample != nil {
		a.beside = []*fdpass.Descriptor{i.from.sample}
	}
	return a, nil
}

// isReady notes that a manager serves. An upgrade is complete when this program
// has made room for the new one, too.
func (s *server) isReady(i *inquiry) (*answer, error) {
	i.from.ready, s.everReady, s.failed = time.Now(), true, ""
	if i.from.fresh {
		i.from.timer.Stop()
		s.replacing = i
		s.replaceWhenIdle()
		return nil, nil
	}
	s.idle.Reset(quiet)
	return &answer{}, nil
}
