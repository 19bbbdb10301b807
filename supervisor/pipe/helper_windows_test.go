package pipe

import (
	"net"
	"testing"

	"golang.org/x/sys/windows"
)

// describe is the access list of a pipe as the kernel has it.
func describe(l *Listener) (string, error) {
	sd, err := windows.GetSecurityInfo(l.waiting[0].handle, windows.SE_KERNEL_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", err
	}
	return sd.String(), nil
}

// highest is the place of the highest handle in use, or above it: new ones get free places first, and what leaks takes places. A value is 4
// times the place.
func highest(t *testing.T) (top int) {
	t.Helper()
	for range 64 {
		event := must[windows.Handle](t)(windows.CreateEvent(nil, 1, 0, nil))
		defer windows.CloseHandle(event)
		top = max(top, int(event)/4)
	}
	return top
}

// TestHandles: none is left open by listeners, connections and mailboxes.
func TestHandles(t *testing.T) {
	round := func() {
		l := must[*Listener](t)(Listen(Random("supervise-test-"), Options{}))
		for range 5 {
			client := must[*Conn](t)(Dial(t.Context(), l.Addr().String()))
			server := must[net.Conn](t)(l.Accept())
			if _, err := server.(*Conn).Client(); err != nil {
				t.Fatal(err)
			}
			client.Close()
			server.Close()
		}
		l.Close()
		b := must[*Mailbox](t)(Receive(Random("supervise-test-"), 100))
		for range spare + 1 {
			must[*Conn](t)(Dial(t.Context(), string(b.addr))).Close()
		}
		b.Close()
	}
	round() // what the runtime opens for itself, such as threads
	before := highest(t)
	const rounds = 40
	for range rounds {
		round()
	}
	if now := highest(t); now > before+rounds {
		t.Errorf("handle %d before, %d after %d rounds", before, now, rounds)
	}
}
