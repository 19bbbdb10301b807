package keeper

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

const (
	// connection is the number at which a manager has its end of the connection.
	connection = 3
	// realStderr is where one on trial finds the standard error of supervise.
	realStderr = 4
)

func isOpen(fd int) bool {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	return err == nil
}

// Client is the Keeper of a manager process. Make it with Connect.
type Client struct {
	*core
	conn    *conn
	program *fdpass.Descriptor // what this process runs, also when its file was replaced
	signals chan os.Signal
	gone    chan struct{} // closed when the keeper is gone, or after Close
	sample  []byte        // of a hand-over, on trial
	groups  atomic.Bool   // the keeper takes a group with spawn

	mu      sync.Mutex
	last    uint64                 // number of a request
	waiting map[uint64]chan result // gone: nil
}

var _ Keeper = (*Client)(nil)

// result is a reply with what came along, for whoever asked.
type result struct {
	reply
	beside []*fdpass.Descriptor
	err    error
}

// Connect takes up the connection to the keeper that has started this process. Call
// it once. A process that was not started by a keeper gets an error that says so.
func Connect() (*Client, Welcome, error) {
	if kind, err := unix.GetsockoptInt(connection, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_SEQPACKET {
		return nil, Welcome{}, errors.New("cannot find the keeper: this is started by supervise itself, not by hand")
	}
	_ = os.WriteFile("/proc/self/comm", []byte("supervise"), 0)
	c, welcome, err := connect(newConn(connection))
	if err == nil && welcome.Trial && isOpen(realStderr) { // what was said until here is for whoever asked for the upgrade
		_ = unix.Dup3(realStderr, 2, 0)
		_ = unix.Close(realStderr)
	}
	return c, welcome, err
}

// connect owns conn.
func connect(conn *conn) (*Client, Welcome, error) {
	c := &Client{
		conn: conn, signals: make(chan os.Signal, 1), gone: make(chan struct{}), waiting: make(map[uint64]chan result),
	}
	c.core = newCore(c)
	go c.receive()
	welcome, err := c.greet()
	if err != nil {
		_ = c.Close()
		return nil, Welcome{}, err
	}
	if !welcome.Trial {
		go c.askSignals()
	}
	return c, welcome, nil
}

func (c *Client) greet() (Welcome, error) {
	fd, err := unix.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return Welcome{}, fmt.Errorf("cannot find the running program: %w", err)
	}
	c.program = fdpass.NewDescriptor(fd)
	r, err := c.call(request{Kind: "welcome"}, nil)
	defer closeAll(r.beside)
	switch {
	case err != nil:
		return Welcome{}, fmt.Errorf("cannot talk to the keeper: %w", err)
	case r.Welcome == nil || r.Welcome.Protocol != protocol:
		return Welcome{}, errors.New("cannot talk to the keeper: it is of a version that speaks otherwise (stop supervise and start it anew)")
	case len(r.beside) > 0:
		err = r.beside[0].Use(func(fd int) (err error) {
			c.sample, err = readMemory(fd, maxHandover)
			return err
		})
	}
	c.groups.Store(r.Welcome.Groups)
	return *r.Welcome, err
}

// receive hands replies to those who wait for them, until the keeper is gone.
func (c *Client) receive() {
	buf := make([]byte, maxPacket+1)
	for {
		p, err := c.conn.receive(buf)
		if err != nil {
			break
		}
		r := result{beside: p.beside}
		err = decodePacket(p.body, &r.reply)
		if p.dropped {
			r.err = errors.New("this process has reached its limit of open files (raise LimitNOFILE)")
		}
		if err != nil || !c.hand(r) {
			p.close()
		}
	}
	c.mu.Lock()
	c.waiting = nil
	c.mu.Unlock()
	close(c.gone)
	_ = c.core.stop(func() {})
}

func (c *Client) hand(r result) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer, ok := c.waiting[r.Seq]
	if ok {
		delete(c.waiting, r.Seq)
		answer <- r
	}
	return ok
}

// call asks the keeper and waits for the answer. The descriptors in it are the
// caller's, also beside an error.
func (c *Client) call(q request, fds []int) (result, error) {
	answer := make(chan result, 1)
	c.mu.Lock()
	if c.waiting == nil {
		c.mu.Unlock()
		return result{}, errClosed
	}
	c.last++
	q.Seq = c.last
	c.waiting[q.Seq] = answer
	c.mu.Unlock()
	if err := c.conn.send(q, fds); err != nil {
		c.mu.Lock()
		delete(c.waiting, q.Seq)
		c.mu.Unlock()
		if errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed) {
			err = errClosed
		}
		return result{}, err
	}
	select {
	case r := <-answer:
		return r, errors.Join(r.err, r.failure())
	case <-c.gone:
	}
	select {
	case r := <-answer: // its last words
		return r, errors.Join(r.err, r.failure())
	default:
		return result{}, errClosed
	}
}

// do is call for an answer that only says whether it was done.
func (c *Client) do(q request, beside ...*fdpass.Descriptor) error {
	return useAll(beside, nil, func(fds []int) error {
		r, err := c.call(q, fds)
		closeAll(r.beside)
		return err
	})
}

// Close ends the connection. The keeper ends this process for it, and starts the
// next manager: see End.
func (c *Client) Close() error {
	c.conn.hangUp()
	<-c.gone
	<-c.closed
	c.conn.close()
	if c.program != nil && c.program.Close() != nil {
		return errClosed
	}
	return nil
}

// Gone is closed when the keeper is gone, and with it all that it held.
func (c *Client) Gone() <-chan struct{} { return c.gone }

// Signals are the SIGHUP, SIGUSR1, SIGUSR2, SIGTERM and SIGINT that the keeper got,
// in their order, also those from before this manager; but no signal to stop that
// is in Welcome.Stopping already. The third to stop does not come: the keeper then
// ends everything by itself.
func (c *Client) Signals() <-chan os.Signal { return c.signals }

func (c *Client) askSignals() {
	for {
		r, err := c.call(request{Kind: "signals"}, nil)
		if err != nil {
			return
		}
		select {
		case c.signals <- syscall.Signal(r.Signal):
		case <-c.gone:
			return
		}
	}
}

// Ready says that this manager has taken over and serves; the keeper is patient with
// it from here on. For the manager of an upgrade it returns when the keeper runs the
// new program, too; an error says why it does not: nothing else is the matter then.
func (c *Client) Ready() error {
	err := c.do(request{Kind: "ready"})
	if err == nil {
		c.groups.Store(true) // now, if not before, it is of our version
	}
	return err
}

// End says that the program is over: the keeper kills whatever is left, this process
// as well, and exits with code. It returns only when the keeper cannot be told.
func (c *Client) End(code int) error { return c.do(request{Kind: "end", Code: code}) }

// Upgrade runs the program on disk as a manager on trial. An error is the reason why
// it was refused; nothing has changed then. Otherwise this process is killed before
// Upgrade returns, and the other one takes over.
func (c *Client) Upgrade() error {
	r, w, err := fdpass.Pipe()
	if err != nil {
		return fmt.Errorf("cannot listen to the new program: %w", err)
	}
	defer r.Close()
	err = c.do(request{Kind: "upgrade"}, w)
	_ = w.Close()
	if err == nil {
		return nil
	}
	if words := lastWords(r); words != "" {
		err = fmt.Errorf("%w; it said:\n%s", err, words)
	}
	return err
}

// maxWords bounds what is passed on of what a refused program has said, in bytes.
const maxWords = 2 << 10

// lastWords is what a program that has ended wrote to r. Something that it has
// started may still hold the other end.
func lastWords(r *os.File) string {
	_ = r.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	text, _ := io.ReadAll(r)
	return strings.TrimSpace(string(text[max(0, len(text)-maxWords):]))
}

// Tried is the result of a trial, for Welcome.Trial. With a problem, the upgrade fails
// for that reason and this process is killed. With nil it returns when the manager
// before is gone and this one takes over: Inventory is fresh then, and what an earlier
// one gave is stale. An error says why not; there is nothing left to do then.
func (c *Client) Tried(problem error) error {
	if problem == nil {
		if _, err := decodeHandover(c.sample); err != nil {
			problem = fmt.Errorf("cannot read what the keeper hands over: %w", err)
		}
	}
	q := request{Kind: "tried"}
	if problem != nil {
		q.Text = truncate(problem.Error(), maxPacket/4)
	}
	if err := c.do(q); err != nil {
		return err
	}
	c.disown()
	go c.askSignals()
	return nil
}

// disown forgets all workers here, not in the keeper.
func (c *Client) disown() {
	_ = tell(c.core, func(s *state) error {
		for _, w := range s.workers {
			w.closeFollowed()
			w.leader.close()
		}
		clear(s.workers)
		return nil
	})
}

// truncate keeps a text within most bytes, at least one.
func truncate(text string, most int) string {
	if text == "" {
		return "it did not say why"
	}
	return text[:min(len(text), most)]
}

// Notify passes state to the service manager that has started the keeper, as
// sd_notify(3) does, with d beside it (FDSTORE=1) unless that is nil; d stays the
// caller's. Without such a service manager it does nothing. It does not wait: when
// the other side has too much to read, the error is EAGAIN.
func (c *Client) Notify(state string, d *fdpass.Descriptor) error {
	var beside []*fdpass.Descriptor
	if d != nil {
		beside = append(beside, d)
	}
	if err := c.do(request{Kind: "notify", Text: state}, beside...); err != nil {
		return fmt.Errorf("cannot notify the service manager: %w", err)
	}
	return nil
}
