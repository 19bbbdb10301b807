package fdpass

import "net"

// Named is a descriptor with the name of the listener it belongs to.
type Named struct {
	Name       string // 1 to 255 printable ASCII characters
	Descriptor *Descriptor
}

// Send writes the descriptors with their names to c, a stream or seqpacket socket, in batches of at most MaxBatch; the
// receiver gets duplicates (SCM_RIGHTS, unix(7)). The caller still owns list, and must not write to c meanwhile. After
// an error part of the list may have been sent: close c.
func Send(c *net.UnixConn, list []Named) error { return send(c, list) }

// Receive reads what one Send wrote. The caller owns the descriptors, which are close-on-exec. It is strict: anything
// that is not exactly in the form of a Send, and more than MaxNamed descriptors, is an error; all that came are closed
// then, and c should be too. io.EOF says that c ended before the first byte. Reading stops at the last byte of the list,
// so other messages may follow on c.
func Receive(c *net.UnixConn) ([]Named, error) { return receive(c) }

// closeAll closes what was received before an error.
func closeAll(list []Named) {
	for _, n := range list {
		_ = n.Descriptor.Close()
	}
}
