package main

import (
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/supervisor/control"
)

// listenControl opens the control pipe, which also makes sure that there is one supervise for it.
func listenControl(path string, c config.Control) (*control.Listener, error) {
	if c.Group != "" && controlSID(c) == "" {
		return nil, &exitError{code: codeConfig, err: fmt.Errorf("cannot use control.group %q: there is no such group", c.Group)}
	}
	if err := ownFolder(self().folder(), 0); err != nil {
		return nil, fmt.Errorf("cannot use the folder of supervise's files: %w", err)
	}
	return control.Listen(controlPlace(path, c))
}

func controlPlace(path string, c config.Control) control.Place {
	return control.Place{Path: path, GID: -1, Group: controlSID(c), Note: self().notePath(path)}
}

// controlGroup is no group: Windows has no numbers for them.
func controlGroup(config.Control) int { return -1 }

// controlSID is the SID of the group that may send commands, "" for none.
func controlSID(c config.Control) string {
	if sid, err := windows.StringToSid(c.Group); err == nil && strings.HasPrefix(c.Group, "S-1-") {
		return sid.String()
	}
	if g, err := user.LookupGroup(c.Group); err == nil {
		return g.Gid
	}
	return ""
}

// administratorsSID owns what administrators make.
const administratorsSID = "S-1-5-32-544"

// ownFolder makes dir for us, Administrators and SYSTEM, and in SYSTEM's place for all to read; or checks that the one that exists belongs
// to one of us: in %ProgramData% anybody could have put it there first.
func ownFolder(dir string, _ os.FileMode) error {
	who := self()
	list := "D:P(A;OICI;GA;;;SY)(A;OICI;GA;;;BA)(A;OICI;GA;;;" + who.sid + ")"
	if who.sid == systemSID {
		list += "(A;OICI;GRGX;;;BU)"
	}
	there, err := folderThere(dir, func() error { return makeFolder(dir, list) })
	if err != nil || there == nil {
		return err
	}
	sd, err := windows.GetNamedSecurityInfo(dir, windows.SE_FILE_OBJECT, windows.OWNER_SECURITY_INFORMATION)
	if err != nil {
		return err
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return err
	}
	if !slices.Contains([]string{who.sid, systemSID, administratorsSID}, owner.String()) {
		return fmt.Errorf("%s belongs to another user", dir)
	}
	return nil
}

// makeFolder makes a folder with an access list, in the words of the Security Descriptor Definition Language.
func makeFolder(dir, list string) error {
	sd, err := windows.SecurityDescriptorFromString(list)
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	security := &windows.SecurityAttributes{SecurityDescriptor: sd}
	security.Length = uint32(unsafe.Sizeof(*security))
	if err := windows.CreateDirectory(name, security); err != nil {
		return &os.PathError{Op: "mkdir", Path: dir, Err: err}
	}
	return nil
}
