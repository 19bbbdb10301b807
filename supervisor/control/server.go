package control

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-hclog"
)

const (
	headerTimeout = 5 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 16 << 10 // bytes
	maxClients    = 256      // connections at a time
)

// Options are what a Server needs.
type Options struct {
	Backend Backend
	Version string       // of this supervise
	Config  string       // absolute path of its file; "" when it has none
	GID     int          // members of this group may connect too; -1 for none
	Group   string       // on Windows the SID of that group; "" for none
	Log     hclog.Logger // nil for none
}

// Server answers the control API.
type Server struct {
	// fixed after NewServer
	backend Backend
	text    string // version
	config  string
	gate    gate
	log     hclog.Logger
	routes  []route
	http    *http.Server

	operations context.Context // of what was begun: outlives the client, ends with Close
	abandon    context.CancelFunc
	followers  context.Context // of open streams: ends when Close begins
	dismiss    context.CancelFunc
}

// NewServer makes a server that listens nowhere yet. Close it.
func NewServer(o Options) *Server {
	s := &Server{backend: o.Backend, text: o.Version, config: o.Config, log: o.Log, routes: routes()}
	if s.log == nil {
		s.log = hclog.NewNullLogger()
	}
	s.gate = newGate(o)
	s.operations, s.abandon = context.WithCancel(context.Background())
	s.followers, s.dismiss = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ConnContext:       withPeer,
		BaseContext:       func(net.Listener) context.Context { return s.followers },
		ErrorLog:          log.New(io.Discard, "", 0), // what broken clients do is theirs; answers say what is wrong
	}
	return s
}

// Serve answers on l, which it closes, until Close.
func (s *Server) Serve(l net.Listener) error {
	err := s.http.Serve(limit(l, maxClients))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close takes no new requests, ends all streams of events and logs, and waits until ctx ends for operations to be answered;
// the contexts of the ones that are left are cancelled then.
func (s *Server) Close(ctx context.Context) error {
	s.dismiss()
	err := s.http.Shutdown(ctx)
	s.abandon()
	if err != nil {
		return s.http.Close()
	}
	return nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.handle(w, r); err != nil {
		refuse(w, err)
	}
}

// handle gives an error only when nothing was answered yet.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) error {
	who := peerOf(r.Context())
	if err := s.gate.check(who); err != nil {
		s.log.Warn("control request refused", append(who.facts(), "method", r.Method, "path", r.URL.Path)...)
		return err
	}
	rt, name, err := s.find(r.Method, r.URL)
	if err != nil {
		return err
	}
	query, err := parseQuery(r.URL.RawQuery, rt.query)
	if err != nil {
		return err
	}
	if rt.method == http.MethodPost {
		s.log.Debug("control request", append([]any{"path", r.URL.Path}, who.facts()...)...)
	}
	return rt.serve(s, w, &request{http: r, rest: http.NewResponseController(w), name: name, query: query})
}

// refuse answers with a Result as the only line.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusConflict
	result := failure(err)
	var wrong *badRequest
	var method *methodError
	switch {
	case errors.As(err, &wrong):
		status = wrong.status
	case errors.As(err, &method):
		status, result.Code = http.StatusMethodNotAllowed, CodeUsage
		w.Header().Set("Allow", method.allowed)
	case result.Kind != "":
		status = http.StatusNotFound
	}
	newLines(w).end(status, Message{Result: result})
}
