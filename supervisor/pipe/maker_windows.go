package pipe

import (
	"fmt"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"
)

// owner is the SID of the account that has made the pipe. Any user of the machine may make one of any name that is free: no folder
// protects it (GetSecurityInfo of the client's end, for which it has READ_CONTROL).
func (c *Conn) owner() (sid string, err error) {
	err = c.use(func(h windows.Handle) error {
		info, err := windows.GetSecurityInfo(h, windows.SE_KERNEL_OBJECT, windows.OWNER_SECURITY_INFORMATION)
		if err != nil {
			return err
		}
		owner, _, err := info.Owner()
		if err == nil && owner == nil {
			err = windows.ERROR_INVALID_OWNER
		}
		if err == nil {
			sid = owner.String()
		}
		return err
	})
	return sid, err
}

// Trusted is nil when the pipe was made by our user, an administrator or SYSTEM, else who has made it.
func (c *Conn) Trusted() error {
	made, err := c.owner()
	if err != nil {
		return fmt.Errorf("cannot tell who has made %s: %w", c.addr, err)
	}
	us, err := ourselves()
	if err != nil {
		return fmt.Errorf("cannot tell who we are: %w", err)
	}
	return trusts(us, made)
}

func trusts(us []string, made string) error {
	if slices.Contains(us, made) {
		return nil
	}
	return &ForeignError{Account: Account(made)}
}

// ourselves are the SIDs that what we, administrators and SYSTEM make belongs to. An owner need not be a user: what an elevated
// administrator makes mostly belongs to the group (TokenOwner).
func ourselves() ([]string, error) {
	user, err := User()
	if err != nil {
		return nil, err
	}
	list := []string{user}
	for _, known := range []windows.WELL_KNOWN_SID_TYPE{windows.WinBuiltinAdministratorsSid, windows.WinLocalSystemSid} {
		sid, err := windows.CreateWellKnownSid(known)
		if err != nil {
			return nil, err
		}
		list = append(list, sid.String())
	}
	own, err := defaultOwner()
	return append(list, own), err
}

func defaultOwner() (string, error) {
	token := windows.GetCurrentProcessToken()
	var need uint32
	_ = windows.GetTokenInformation(token, windows.TokenOwner, nil, 0, &need)
	b := make([]byte, max(need, uint32(unsafe.Sizeof(uintptr(0)))))
	if err := windows.GetTokenInformation(token, windows.TokenOwner, &b[0], uint32(len(b)), &need); err != nil {
		return "", err
	}
	return (*(**windows.SID)(unsafe.Pointer(&b[0]))).String(), nil // TOKEN_OWNER, which points behind itself
}
