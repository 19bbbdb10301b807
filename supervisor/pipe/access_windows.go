package pipe

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

const sizeOfAttributes = uint32(unsafe.Sizeof(windows.SecurityAttributes{}))

// use is what a client needs to read and write, without the right to make a further instance of the pipe, which would take clients
// away (FILE_CREATE_PIPE_INSTANCE, which is what FILE_APPEND_DATA means for a pipe).
const use = (windows.FILE_GENERIC_READ | windows.FILE_GENERIC_WRITE) &^ windows.FILE_APPEND_DATA

// accessList is in the words of the Security Descriptor Definition Language: everything for the own user, Administrators and SYSTEM, use
// for a group. It does not deny the group NETWORK anything: who has logged in by SSH is in it. Clients on other machines are refused by
// PIPE_REJECT_REMOTE_CLIENTS.
func accessList(group string) (*windows.SECURITY_DESCRIPTOR, error) {
	own, err := User()
	if err != nil {
		return nil, err
	}
	list := "D:P(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;" + own + ")"
	if group != "" {
		sid, err := windows.StringToSid(group)
		if err != nil {
			return nil, fmt.Errorf("%q is no SID of a group: %w", group, err)
		}
		list += fmt.Sprintf("(A;;0x%x;;;%s)", use, sid)
	}
	return windows.SecurityDescriptorFromString(list)
}

// User is the SID of the user that this process runs as.
func User() (string, error) {
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return "", err
	}
	return u.User.Sid.String(), nil
}
