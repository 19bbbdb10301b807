package pipe

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/windows"
)

// Client asks the kernel who has opened the other end of an accepted connection. Of a client that has not bound itself to the user that it
// was when it connected (SECURITY_CONTEXT_TRACKING, and where CreateFile was told nothing) the kernel knows only when something
// was read.
func (c *Conn) Client() (Client, error) {
	var who Client
	err := c.use(func(h windows.Handle) (err error) {
		who, err = clientOf(h)
		return err
	})
	if err != nil {
		return Client{}, fmt.Errorf("cannot tell who is connected to %s: %w", c.addr, err)
	}
	return who, nil
}

func clientOf(h windows.Handle) (Client, error) {
	var who Client
	pid, err := clientPID(h)
	if err != nil {
		return who, err
	}
	err = as(h, func() error { return who.read() })
	who.PID = pid
	return who, err
}

func clientPID(h windows.Handle) (int, error) {
	var pid uint32
	err := windows.GetNamedPipeClientProcessId(h, &pid)
	return int(pid), err
}

// as runs f on a thread that acts as the client. One that cannot become itself again must do nothing more: it ends with its goroutine.
func as(h windows.Handle, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := impersonate(h); err != nil {
			runtime.UnlockOSThread()
			done <- err
			return
		}
		err := f()
		if windows.RevertToSelf() == nil {
			runtime.UnlockOSThread()
		}
		done <- err
	}()
	return <-done
}

// read asks the token that this thread has taken on.
func (who *Client) read() error {
	var token windows.Token
	if err := windows.OpenThreadToken(windows.CurrentThread(), windows.TOKEN_QUERY, true, &token); err != nil {
		return err
	}
	defer token.Close()
	user, err := token.GetTokenUser()
	if err != nil {
		return err
	}
	groups, err := token.GetTokenGroups()
	if err != nil {
		return err
	}
	who.User = user.User.Sid.String()
	for _, g := range groups.AllGroups() {
		if g.Attributes&windows.SE_GROUP_ENABLED != 0 && g.Attributes&windows.SE_GROUP_USE_FOR_DENY_ONLY == 0 {
			who.Groups = append(who.Groups, g.Sid.String())
		}
	}
	return nil
}
