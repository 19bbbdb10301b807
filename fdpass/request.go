package fdpass

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The dialogue of Request, on the control socket:
//
//	client                                                                                    supervise
//	   │  GET /v1/descriptors?name=web&name=admin HTTP/1.1   Upgrade: supervise-descriptors       │
//	   ├─────────────────────────────────────────────────────────────────────────────────────────▶│
//	   │  HTTP/1.1 101 Switching Protocols, then what Send writes                                 │
//	   │◀─────────────────────────────────────────────────────────────────────────────────────────┤
//	   │  any other status: the error, as {"result":{"error":"..."}} or as text                   │
//	   │◀─────────────────────────────────────────────────────────────────────────────────────────┤
const (
	requestPath     = "/v1/descriptors"
	requestProtocol = "supervise-descriptors"
	maxHead         = 4 << 10  // bytes, of the answer
	maxRefusal      = 64 << 10 // bytes
)

// Request takes listeners from a running supervise over its control socket, a path or @abstract: duplicates, in the order
// of the names, which the caller owns. Supervise keeps its own, and serves on. The answer has exactly what was asked for
// or is an error. When ctx ends, so does the dialogue.
func Request(ctx context.Context, control string, names ...string) ([]Named, error) {
	list, err := request(ctx, control, names)
	if err != nil {
		return nil, fmt.Errorf("cannot get listeners from the supervise at %q: %w", control, err)
	}
	return list, nil
}

func request(ctx context.Context, control string, names []string) ([]Named, error) {
	for _, name := range names {
		if err := checkName(name); err != nil {
			return nil, err
		}
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", control)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	list, err := ask(conn.(*net.UnixConn), names)
	if cause := ctx.Err(); err != nil && cause != nil {
		err = cause
	}
	return list, err
}

func ask(c *net.UnixConn, names []string) ([]Named, error) {
	query := url.Values{"name": names}
	_, err := fmt.Fprintf(c, "GET %s?%s HTTP/1.1\r\nHost: supervise\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", requestPath, query.Encode(), requestProtocol)
	if err != nil {
		return nil, err
	}
	head, err := readHead(c)
	if err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), nil)
	switch {
	case err != nil:
		return nil, fmt.Errorf("malformed answer: %w", err)
	case answer.StatusCode != http.StatusSwitchingProtocols:
		return nil, refusal(io.MultiReader(bytes.NewReader(head), c))
	case !strings.EqualFold(answer.Header.Get("Upgrade"), requestProtocol):
		return nil, fmt.Errorf("it switched to %q in place of %q", answer.Header.Get("Upgrade"), requestProtocol)
	}
	list, err := Receive(c)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	return asAsked(list, names)
}

// readHead stops at the last byte of the head: what follows comes with descriptors, which a read of bytes would lose.
func readHead(r io.Reader) ([]byte, error) {
	var head []byte
	for one := make([]byte, 1); !bytes.HasSuffix(head, []byte("\r\n\r\n")); {
		if len(head) == maxHead {
			return nil, fmt.Errorf("malformed answer: its head is longer than %d bytes", maxHead)
		}
		if _, err := io.ReadFull(r, one); err != nil {
			return nil, fmt.Errorf("the answer ended early: %w", err)
		}
		head = append(head, one[0])
	}
	return head, nil
}

// refusal makes an error of an answer that is not 101.
func refusal(r io.Reader) error {
	answer, err := http.ReadResponse(bufio.NewReader(r), nil)
	if err != nil {
		return fmt.Errorf("malformed answer: %w", err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxRefusal)) // what came of it says enough
	var told struct {
		Result struct {
			Error string `json:"error"`
		} `json:"result"`
	}
	text := strings.TrimSpace(string(body))
	if json.Unmarshal(body, &told) == nil && told.Result.Error != "" {
		text = told.Result.Error
	}
	if text == "" {
		text = answer.Status
	}
	return errors.New(text)
}

// asAsked closes the list unless it is what was asked for.
func asAsked(list []Named, names []string) ([]Named, error) {
	var got []string
	for _, n := range list {
		got = append(got, n.Name)
	}
	if !slices.Equal(got, names) {
		closeAll(list)
		return nil, fmt.Errorf("it sent %q in place of %q", got, names)
	}
	return list, nil
}
