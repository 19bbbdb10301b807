package wire

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// systemfd's protocol, on a TCP socket of the loopback address, for Windows:
//
//	client (listenfd)                                                       server
//	   │  SECRET "|" PID                      PID in decimal; then end of file │
//	   ├──────────────────────────────────────────────────────────────────────▶│
//	   │  count × WSAPROTOCOL_INFOW, 628 bytes each;          then end of file │
//	   │◀──────────────────────────────────────────────────────────────────────┤
//
// Each structure is what WSADuplicateSocketW gives for the process PID, and good for one WSASocketW there. There is no count and no name: the
// order says which is which, and the end of file that these are all. A client that does not know the secret gets nothing; listenfd knows only
// secrets that are UUIDs. Sources: systemfd src/main.rs, listenfd src/windows.rs; Microsoft, WSADuplicateSocketW.
const (
	maxSystemfdSecret = 256                                    // bytes
	maxSystemfdAsk    = maxSystemfdSecret + len("|4294967295") // bytes
	systemfdInfo      = fdpass.ExportSize                      // bytes of one structure
	systemfdPatience  = 2 * time.Second                        // for the secret: who has none may keep silent to be in others' way
	maxSystemfdAnswer = 1024 * systemfdInfo                    // bytes
)

// Exporter makes the bytes by which the process pid opens a duplicate of d: fdpass.Export. They are fdpass.ExportSize of them.
type Exporter func(d *fdpass.Descriptor, pid int) ([]byte, error)

// Importer opens what an Exporter has made for this process: fdpass.Import. The caller owns it.
type Importer func(info []byte) (*fdpass.Descriptor, error)

// ServeSystemfd carries on one dialogue of systemfd with a peer, gives it all descriptors of s, exported by export to the process that the
// peer names, and closes c. It returns nil when the peer has them, and an error for a wrong secret, for anything that is not the protocol, for
// a peer that keeps silent, and when ctx ends. It takes at most 30 seconds. An empty secret is nobody's.
func ServeSystemfd(ctx context.Context, c net.Conn, secret string, s Store, export Exporter) error {
	if err := converse(ctx, c, min(usual.step, systemfdPatience), func() error { return serveSystemfd(c, secret, s, export) }); err != nil {
		return fmt.Errorf("cannot serve systemfd to a peer: %w", err)
	}
	return nil
}

// converse owns c. Each of reading and writing has a step of time.
func converse(ctx context.Context, c net.Conn, step time.Duration, dialogue func() error) error {
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(step))
	err := dialogue()
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func serveSystemfd(c net.Conn, secret string, s Store, export Exporter) error {
	ask, err := readAll(c, maxSystemfdAsk)
	if err != nil {
		return err
	}
	pid, err := parseSystemfd(ask, secret)
	if err != nil {
		return err
	}
	answer, err := exportAll(s, pid, export)
	if err != nil {
		return err
	}
	_ = c.SetWriteDeadline(time.Now().Add(usual.step))
	_, err = c.Write(answer)
	return err
}

// readAll reads to the end of file, and no more than most bytes.
func readAll(c net.Conn, most int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(c, int64(most)+1))
	if err == nil && len(b) > most {
		err = fmt.Errorf("%w: it is longer than %d bytes", errProtocol, most)
	}
	return b, err
}

// parseSystemfd gives the process that the peer names if it knows the secret. How long it takes tells nothing of the secret.
func parseSystemfd(ask []byte, secret string) (pid int, err error) {
	said, number, ok := strings.Cut(string(ask), "|")
	got, want := sha256.Sum256([]byte(said)), sha256.Sum256([]byte(secret))
	switch {
	case !ok:
		return 0, fmt.Errorf("%w: it is not a secret, \"|\" and a process number", errProtocol)
	case subtle.ConstantTimeCompare(got[:], want[:]) != 1 || secret == "":
		return 0, ErrDenied
	}
	n, err := strconv.ParseUint(number, 10, 32)
	if err != nil || n == 0 || strconv.FormatUint(n, 10) != number {
		return 0, fmt.Errorf("%w: %.20q is not a process number", errProtocol, number)
	}
	return int(n), nil
}

// exportAll makes the answer. What was exported and is not picked up keeps a socket open in the system for as long as c's peer lives, so
// nothing is sent when one of them fails.
func exportAll(s Store, pid int, export Exporter) ([]byte, error) {
	list, err := s.List()
	if err != nil {
		return nil, err
	}
	defer closeAll(list)
	var answer []byte
	for _, n := range list {
		info, err := export(n.Descriptor, pid)
		if err != nil {
			return nil, fmt.Errorf("cannot export %q to process %d: %w", n.Name, pid, err)
		}
		if len(info) != systemfdInfo {
			return nil, fmt.Errorf("internal error: an export of %d bytes in place of %d", len(info), systemfdInfo)
		}
		answer = append(answer, info...)
	}
	return answer, nil
}

// FetchSystemfd takes the sockets that a systemfd, or supervise, gives to the process pid, this one, at an address of the loopback interface
// against a secret, in their order; the caller owns them.
func FetchSystemfd(ctx context.Context, address, secret string, pid int, open Importer) ([]*fdpass.Descriptor, error) {
	list, err := fetchSystemfd(ctx, address, secret, pid, open)
	if err != nil {
		return nil, fmt.Errorf("cannot get the sockets of the systemfd at %q: %w", address, err)
	}
	return list, nil
}

func fetchSystemfd(ctx context.Context, address, secret string, pid int, open Importer) ([]*fdpass.Descriptor, error) {
	if err := checkLoopback(address); err != nil {
		return nil, err
	}
	if len(secret) > maxSystemfdSecret || strings.Contains(secret, "|") {
		return nil, fmt.Errorf("a secret has no \"|\" and at most %d bytes", maxSystemfdSecret)
	}
	dialer := net.Dialer{Timeout: usual.step}
	c, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	var list []*fdpass.Descriptor
	err = converse(ctx, c, usual.step, func() (err error) {
		list, err = askSystemfd(c, fmt.Sprintf("%s|%d", secret, pid), open)
		return err
	})
	return list, err
}

// checkLoopback refuses to say a secret to another machine.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return errors.New("it is not an address of the loopback interface, such as 127.0.0.1:49731")
	}
	return nil
}

func askSystemfd(c net.Conn, ask string, open Importer) ([]*fdpass.Descriptor, error) {
	_ = c.SetWriteDeadline(time.Now().Add(usual.step))
	if _, err := io.WriteString(c, ask); err != nil {
		return nil, err
	}
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return nil, err
		}
	}
	answer, err := readAll(c, maxSystemfdAnswer)
	if err != nil {
		return nil, err
	}
	if len(answer) == 0 || len(answer)%systemfdInfo != 0 {
		return nil, fmt.Errorf("%w: %d bytes, which are no sockets of %d bytes each (is the secret another one?)", errProtocol, len(answer), systemfdInfo)
	}
	return importAll(answer, open)
}

// importAll opens all or, when one of them fails, closes what it has opened.
func importAll(answer []byte, open Importer) ([]*fdpass.Descriptor, error) {
	var list []*fdpass.Descriptor
	for i := 0; i < len(answer); i += systemfdInfo {
		d, err := open(answer[i : i+systemfdInfo])
		if err != nil {
			for _, d := range list {
				_ = d.Close()
			}
			return nil, fmt.Errorf("cannot open the socket %d: %w", i/systemfdInfo, err)
		}
		list = append(list, d)
	}
	return list, nil
}
