package pipe

import "golang.org/x/sys/windows"

// describe is the access list of a pipe as the kernel has it.
func describe(l *Listener) (string, error) {
	sd, err := windows.GetSecurityInfo(l.waiting[0].handle, windows.SE_KERNEL_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", err
	}
	return sd.String(), nil
}
