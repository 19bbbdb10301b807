package fdpass

import "net"

// WriteMessage writes data to c, a unix stream or seqpacket socket, with duplicates of the descriptors beside its first
// byte (SCM_RIGHTS, unix(7)): at most MaxBatch, and none without data. Names are not sent. The caller still owns list.
// After an error part of it may have been sent: close c.
func WriteMessage(c *net.UnixConn, data []byte, list []Named) error {
	return writeMessage(c, data, list)
}

// ReadMessage reads once, at most size bytes, and the descriptors that came with them: those of one WriteMessage, because
// the kernel ends a read before the next ones. The caller owns them; they are close-on-exec. On an error all that came
// are closed. io.EOF says that c ended.
func ReadMessage(c *net.UnixConn, size int) ([]byte, []*Descriptor, error) {
	return readMessage(c, size)
}

// AddressOf says what a socket is and where it is bound, in the words of a configuration: tcp is for IPv4 and IPv6 by
// one socket ("tcp://[::]:80"), tcp4 and tcp6 for one of them; likewise udp. Anything but a socket is an error.
func AddressOf(d *Descriptor) (Address, error) {
	var a Address
	err := d.Use(func(fd int) (err error) {
		a, err = describe(fd)
		return err
	})
	return a, err
}

// DeviceOf gives the network interface that a socket is bound to (SO_BINDTODEVICE of socket(7)), "" for none.
func DeviceOf(d *Descriptor) (string, error) {
	var name string
	err := d.Use(func(fd int) (err error) {
		name, err = deviceOf(fd)
		return err
	})
	return name, err
}
