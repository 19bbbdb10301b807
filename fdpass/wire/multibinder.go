package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// MultiBinder, on a unix stream socket: JSON-RPC 2.0, one object for each message.
//
//	client                                                                            server
//	   │  {"jsonrpc":"2.0","method":"bind","id":ID,                                      │
//	   │   "params":[{"address":"0.0.0.0","port":80,"backlog":1000}]}                    │
//	   ├────────────────────────────────────────────────────────────────────────────────▶│
//	   │  {"jsonrpc":"2.0","id":ID,"result":true}            + 1 descriptor (SCM_RIGHTS) │
//	   │  {"jsonrpc":"2.0","id":ID,"error":{"code":10000,"message":"Could not bind: …"}} │
//	   │◀────────────────────────────────────────────────────────────────────────────────┤
//	   │                                 ... until the client ends                       │
//
// MultiBinder itself binds IPv4 TCP sockets as they are asked for. Here is given what a listener has: the very address,
// else for 0.0.0.0 the socket that is for IPv4 and IPv6. The backlog is the listener's own. Sources: bin/multibinder,
// lib/multibinder.rb.
const (
	maxRPC        = 64 << 10 // bytes
	rpcUnknown    = -32601   // JSON-RPC: method not found
	rpcParameters = -32602   // JSON-RPC: invalid params
	rpcFailed     = 10000    // MultiBinder's own
)

type rpcRequest struct {
	Method string          `json:"method"`
	ID     json.RawMessage `json:"id"`
	Params []rpcBind       `json:"params"`
}

type rpcBind struct {
	Address string  `json:"address"`
	Port    rpcPort `json:"port"`
}

// rpcPort is a number, or one in a string: Ruby's resolver takes both.
type rpcPort uint16

func (p *rpcPort) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseUint(strings.Trim(string(b), `"`), 10, 16)
	*p = rpcPort(n)
	return err
}

type rpcAnswer struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id,omitempty"`
	Result  bool            `json:"result,omitempty"`
	Error   *rpcError       `json:"error,omitempty"`
}

type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func serveMultibinder(p *peer, s Store) error {
	in := &rpcReader{p: p}
	requests := json.NewDecoder(in)
	for range maxRequests {
		r, err := in.next(requests)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := bind(p, r, s); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: more than %d requests", errProtocol, maxRequests)
}

// rpcReader gives a decoder the bytes of one message at a time, up to a bound.
type rpcReader struct {
	p    *peer
	left int // bytes that may still be read
}

// next decodes one request. io.EOF says that the peer has ended before it.
func (in *rpcReader) next(requests *json.Decoder) (rpcRequest, error) {
	in.left = maxRPC
	_ = in.p.c.SetReadDeadline(time.Now().Add(in.p.pace.idle))
	r, err := decodeRPC(requests)
	if err == nil {
		err = in.p.none()
	}
	return r, err
}

// Read gives the rest of a message a step of time.
func (in *rpcReader) Read(b []byte) (int, error) {
	if in.left == 0 {
		return 0, fmt.Errorf("%w: it is longer than %d bytes", errProtocol, maxRPC)
	}
	data, err := in.p.some(min(len(b), in.left))
	in.left -= len(data)
	_ = in.p.c.SetReadDeadline(time.Now().Add(in.p.pace.step))
	return copy(b, data), err
}

func decodeRPC(requests *json.Decoder) (r rpcRequest, err error) {
	err = requests.Decode(&r)
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &typ) || err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("%w: %w", errProtocol, err)
	}
	return r, err
}

// bind answers one request.
func bind(p *peer, r rpcRequest, s Store) error {
	if r.Method != "bind" {
		return refuse(p, r.ID, rpcUnknown, fmt.Sprintf("Method not found: %q", r.Method))
	}
	if len(r.Params) != 1 {
		return refuse(p, r.ID, rpcParameters, "bind takes one address")
	}
	list, err := s.List()
	if err != nil {
		return refuse(p, r.ID, rpcFailed, "Could not bind: "+err.Error())
	}
	defer closeAll(list)
	at := bound(list, r.Params[0])
	if at < 0 {
		return refuse(p, r.ID, rpcFailed, fmt.Sprintf("Could not bind: no listener has %s", r.Params[0]))
	}
	return reply(p, rpcAnswer{ID: r.ID, Result: true}, list[at])
}

// bound finds the socket for an address: the very one, else the one that takes IPv4 beside IPv6; -1 when there is none.
func bound(list []fdpass.Named, want rpcBind) int {
	found := -1
	for i, n := range list {
		a, err := fdpass.AddressOf(n.Descriptor)
		if err != nil || !strings.HasPrefix(a.Network, "tcp") || a.Port != uint32(want.Port) {
			continue
		}
		if sameHost(a.Host, want.Address) {
			return i
		}
		if a.Network == "tcp" && sameHost("0.0.0.0", want.Address) {
			found = i
		}
	}
	return found
}

func sameHost(a, b string) bool {
	x, err := netip.ParseAddr(a)
	y, failed := netip.ParseAddr(b)
	return err == nil && failed == nil && x == y
}

func (b rpcBind) String() string { return net.JoinHostPort(b.Address, strconv.Itoa(int(b.Port))) }

func refuse(p *peer, id json.RawMessage, code int, why string) error {
	return reply(p, rpcAnswer{ID: id, Error: &rpcError{code, why}})
}

func reply(p *peer, answer rpcAnswer, list ...fdpass.Named) error {
	answer.Version = "2.0"
	b, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	return p.write(b, list...)
}
