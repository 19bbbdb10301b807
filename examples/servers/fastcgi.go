//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"time"
)

// FastCGI 1.0 (fastcgi-archives.github.io, "FastCGI Specification"): one request on a connection of its own.
//
//	us ──▶ server   BEGIN_REQUEST (responder, do not keep the connection), PARAMS, PARAMS of length 0, STDIN of length 0
//	us ◀── server   STDOUT ..., END_REQUEST
//
// A record is version, type, request (2 bytes), length of content (2), length of padding (1), reserved (1), then these two.
const (
	fcgiVersion = 1
	fcgiBegin   = 1
	fcgiEnd     = 3
	fcgiParams  = 4
	fcgiStdin   = 5
	fcgiStdout  = 6
	fcgiStderr  = 7

	fcgiHeader    = 8
	fcgiResponder = 1
	maxFCGIOutput = 1 << 20
)

// appendRecord appends a record of request 1. The content is shorter than 64 KiB.
func appendRecord(b []byte, kind byte, content []byte) []byte {
	b = append(b, fcgiVersion, kind, 0, 1)
	b = binary.BigEndian.AppendUint16(b, uint16(len(content)))
	b = append(b, 0, 0)
	return append(b, content...)
}

// appendParam appends a name and a value, both shorter than 128 bytes.
func appendParam(b []byte, name, value string) []byte {
	b = append(b, byte(len(name)), byte(len(value)))
	return append(append(b, name...), value...)
}

func fcgiRequest(script string) []byte {
	var params []byte
	for _, p := range [][2]string{{"SCRIPT_FILENAME", script}, {"REQUEST_METHOD", "GET"}, {"SCRIPT_NAME", script}, {"SERVER_PROTOCOL", "HTTP/1.1"}} {
		params = appendParam(params, p[0], p[1])
	}
	b := appendRecord(nil, fcgiBegin, []byte{0, fcgiResponder, 0, 0, 0, 0, 0, 0})
	b = appendRecord(b, fcgiParams, params)
	b = appendRecord(b, fcgiParams, nil)
	return appendRecord(b, fcgiStdin, nil)
}

// readFCGI reads an answer to its end and gives its output. An answer that ends early is io.EOF or io.ErrUnexpectedEOF.
func readFCGI(r io.Reader) ([]byte, error) {
	var out, errs []byte
	for len(out)+len(errs) <= maxFCGIOutput {
		var header [fcgiHeader]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return out, err
		}
		length := int(binary.BigEndian.Uint16(header[4:]))
		content := make([]byte, length+int(header[6]))
		if _, err := io.ReadFull(r, content); err != nil {
			return out, errors.Join(err, io.ErrUnexpectedEOF)
		}
		content = content[:length]
		switch header[1] {
		case fcgiStdout:
			out = append(out, content...)
		case fcgiStderr:
			errs = append(errs, content...)
		case fcgiEnd:
			return out, ended(content, errs)
		default:
			return out, fmt.Errorf("a FastCGI server sent a record of type %d", header[1])
		}
	}
	return out, errors.New("a FastCGI answer is too long")
}

// ended reads END_REQUEST: the program's status (4 bytes), then 0 if the request was served.
func ended(content, errs []byte) error {
	if len(content) != 8 || content[4] != 0 || len(errs) > 0 {
		return fmt.Errorf("a FastCGI server ended the request with %v %s", content, errs)
	}
	return nil
}

// ask makes one request on a new connection.
func ask(ctx context.Context, address, script string) ([]byte, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if _, err := conn.Write(fcgiRequest(script)); err != nil {
		return nil, err
	}
	return readFCGI(conn)
}

// gateway lets HTTP clients ask a FastCGI server at this address. What the server loses is a status of 502.
type gateway struct{ address string }

// ServeHTTP asks php-fpm for its own ping page, which needs no file (ping.path of the pool).
func (g gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out, err := ask(r.Context(), g.address, "/ping")
	_, body, found := bytes.Cut(out, []byte("\r\n\r\n"))
	if err == nil && !found {
		err = textproto.ProtocolError("a FastCGI answer has no header")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	_, _ = w.Write(body) // a client that is gone counts itself
}
