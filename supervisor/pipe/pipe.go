package pipe

import (
	"context"
	"crypto/rand"
	"strings"
)

// Prefix begins the path of every pipe of this machine.
const Prefix = `\\.\pipe\`

// Path is where the pipe of a name is.
func Path(name string) string { return Prefix + name }

// IsPath is whether path is that of a pipe of this machine. The kernel does not tell capital letters from small ones.
func IsPath(path string) bool {
	return len(path) > len(Prefix) && strings.EqualFold(path[:len(Prefix)], Prefix)
}

// Random is a path that nobody else has, nor guesses.
func Random(prefix string) string { return Path(prefix + strings.ToLower(rand.Text())) }

// Options say who may connect beside the own user, Administrators and SYSTEM.
type Options struct {
	Group string // SID of a group; "" for none
}

// Listen opens a pipe for connections. The caller closes it. The error is syscall.EADDRINUSE when there is a pipe of that
// path already, whoever has it.
func Listen(path string, o Options) (*Listener, error) { return listen(path, o) }

// Dial connects to a pipe, and waits until ctx ends for one that is busy. The server learns who we are, and can do nothing in our name.
// The error is a *net.OpError whose Op is "dial"; fs.ErrNotExist when there is no such pipe, fs.ErrPermission when we may not.
func Dial(ctx context.Context, path string) (*Conn, error) { return dial(ctx, path) }

// Receive opens a pipe for letters. The caller closes the mailbox. No letter is longer than limit bytes.
func Receive(path string, limit int) (*Mailbox, error) { return receive(path, limit) }

// Addr is the path of a pipe.
type Addr string

// Network is "pipe".
func (Addr) Network() string { return "pipe" }

// String is the path.
func (a Addr) String() string { return string(a) }

// Client is who has opened the other end, as the kernel says.
type Client struct {
	PID    int      // as it was then: the process may be gone
	User   string   // SID, "S-1-5-21-..."
	Groups []string // SIDs of the groups that count for it: no Administrators where they are used to deny only
}

// ForeignError says that somebody else has made a pipe whose name we know: he could answer what he likes.
type ForeignError struct {
	Account string // "DOMAIN\name"
}

// Error says who.
func (e *ForeignError) Error() string {
	return "the pipe was made by " + e.Account + ", who is neither you nor an administrator"
}

// Letter is what a client has written at once.
type Letter struct {
	PID  int // of the process that opened the pipe
	Data []byte
	Long bool // there was more of it than the limit; Data is the beginning
}
