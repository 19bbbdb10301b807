package notify

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxPID is PID_MAX_LIMIT of 64-bit kernels, pid_max in proc(5).
const maxPID = 1 << 22

// keys says how each key that we act on is read. Everything else goes to Other.
var keys = map[string]func(m *Message, value string) error{
	"READY":               flag(func(m *Message) *bool { return &m.Ready }),
	"RELOADING":           flag(func(m *Message) *bool { return &m.Reloading }),
	"STOPPING":            flag(func(m *Message) *bool { return &m.Stopping }),
	"BARRIER":             flag(func(m *Message) *bool { return &m.wantsBarrier }),
	"MONOTONIC_USEC":      microseconds(func(m *Message) *time.Duration { return &m.Monotonic }),
	"EXTEND_TIMEOUT_USEC": microseconds(func(m *Message) *time.Duration { return &m.ExtendTimeout }),
	"STATUS":              text(func(m *Message) *string { return &m.Status }),
	"BUSERROR":            text(func(m *Message) *string { return &m.BusError }),
	"ERRNO":               number(0, 4095, func(m *Message, n int) { m.Errno = n }),
	"EXIT_STATUS":         number(0, 255, func(m *Message, n int) { m.ExitStatus = &n }),
	"MAINPID":             number(1, maxPID, func(m *Message, n int) { m.MainPID = n }),
	"FDSTORE":             flag(func(m *Message) *bool { return &m.wantsStore }),
	"FDSTOREREMOVE":       flag(func(m *Message) *bool { return &m.StoreRemove }),
	"FDNAME":              descriptorName,
	"FDPOLL":              poll,
	"WATCHDOG":            watchdog,
	"WATCHDOG_USEC":       watchdogInterval,
}

// Parse reads the text of one datagram. It is strict: a known key with a value that sd_notify(3) does not define, a line that
// is not KEY=VALUE, two values for one key, or a NUL byte before the end is an error, and then nothing of
// the message counts. PID, UID, Barrier and Dropped are not in the text; Peek sets them.
func Parse(b []byte) (Message, error) {
	// systemd permits one NUL at the end, from senders that count the C string's terminator.
	b = bytes.TrimSuffix(b, []byte{0})
	if len(b) > MaxMessage {
		return Message{}, fmt.Errorf("it is longer than %d bytes", MaxMessage)
	}
	if bytes.IndexByte(b, 0) >= 0 {
		return Message{}, errors.New("it contains a NUL byte")
	}
	m, lines, err := parseLines(string(b))
	switch {
	case err != nil:
		return Message{}, err
	case lines == 0:
		return Message{}, errors.New("it is empty")
	case m.wantsBarrier && lines > 1:
		return Message{}, errors.New("BARRIER=1 must be alone in its message")
	}
	return m, nil
}

// parseLines also counts the lines that said something new.
func parseLines(s string) (m Message, lines int, err error) {
	seen := map[string]string{}
	for line := range strings.SplitSeq(s, "\n") {
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || !isKey(key) {
			return m, lines, fmt.Errorf("line %q is not KEY=VALUE", line)
		}
		lines++
		read, known := keys[key]
		if !known {
			m.Other = append(m.Other, line)
			continue
		}
		if earlier, twice := seen[key]; twice && earlier != value {
			return m, lines, fmt.Errorf("%s is given twice, as %q and %q", key, earlier, value)
		}
		seen[key] = value
		if err := read(&m, value); err != nil {
			return m, lines, fmt.Errorf("%s=%s: %w", key, printable(value), err)
		}
	}
	return m, lines, nil
}

func isKey(s string) bool {
	for _, c := range []byte(s) {
		if c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != ""
}

func flag(field func(*Message) *bool) func(*Message, string) error {
	return func(m *Message, value string) error {
		if value != "1" {
			return errors.New("the only value is 1")
		}
		*field(m) = true
		return nil
	}
}

func text(field func(*Message) *string) func(*Message, string) error {
	return func(m *Message, value string) error {
		*field(m) = printable(value)
		return nil
	}
}

// descriptorName takes what LISTEN_FDNAMES can carry, sd_listen_fds(3).
func descriptorName(m *Message, value string) error {
	for _, c := range []byte(value) {
		if c < ' ' || c >= 127 || c == ':' {
			return errors.New("a name is printable ASCII without a colon")
		}
	}
	if len(value) > 255 {
		return errors.New("a name has at most 255 characters")
	}
	m.StoreName = value
	return nil
}

func poll(m *Message, value string) error {
	if value != "0" && value != "1" {
		return errors.New("the values are 0 and 1")
	}
	m.StoreUnpolled = value == "0"
	return nil
}

func number(low, high int, set func(*Message, int)) func(*Message, string) error {
	return func(m *Message, value string) error {
		n, err := decimal(value)
		if err != nil || n < uint64(low) || n > uint64(high) {
			return fmt.Errorf("not a number from %d to %d", low, high)
		}
		set(m, int(n))
		return nil
	}
}

func microseconds(field func(*Message) *time.Duration) func(*Message, string) error {
	return func(m *Message, value string) error {
		n, err := decimal(value)
		if err != nil || n > math.MaxInt64/1000 {
			return errors.New("not a number of microseconds")
		}
		*field(m) = time.Duration(n) * time.Microsecond
		return nil
	}
}

func watchdog(m *Message, value string) error {
	switch value {
	case "1":
		m.Watchdog = true
	case "trigger":
		m.WatchdogTrigger = true
	default:
		return errors.New("the values are 1 and trigger")
	}
	return nil
}

// watchdogInterval: 0 and USEC_INFINITY both switch systemd's watchdog off.
func watchdogInterval(m *Message, value string) error {
	if n, err := decimal(value); err == nil && (n == 0 || n == math.MaxUint64) {
		m.WatchdogOff = true
		return nil
	}
	return microseconds(func(m *Message) *time.Duration { return &m.WatchdogInterval })(m, value)
}

// decimal is ParseUint without the sign and underscore forms that nobody sends on purpose.
func decimal(s string) (uint64, error) {
	if strings.Trim(s, "0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseUint(s, 10, 64)
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
}
