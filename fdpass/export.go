package fdpass

// ExportSize is the length of what Export makes: WSAPROTOCOL_INFOW, the same on all Windows.
const ExportSize = 628

// Export makes the bytes by which process pid, and no other, opens a duplicate of a socket (WSADuplicateSocket). The duplicate shares
// everything with d but its value. The process must be alive and one that we may duplicate handles into; it has to Import before the
// last holder here closes d. Windows only.
func Export(d *Descriptor, pid int) ([]byte, error) { return export(d, pid) }

// Import opens what Export made for this process, once. No child inherits it. The caller owns it. Windows only.
func Import(info []byte) (*Descriptor, error) { return importSocket(info) }

// Handle gives the value of the handle, by which a worker that inherits it knows it (Windows); 0 elsewhere. The Descriptor still owns it:
// keep it open until the worker runs.
func (d *Descriptor) Handle() uintptr { return d.handle() }
