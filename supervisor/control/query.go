package control

import (
	"context"
	"net/http"
	"time"

	"github.com/seed-da40d5ac/supervise/supervisor"
	"github.com/seed-da40d5ac/supervise/supervisor/output"
)

const (
	statusTimeout = 10 * time.Second
	someLines     = 100 // of logs when the request does not say
)

// Version answers GET /v1/version.
type Version struct {
	Version string `json:"version"`
	Config  string `json:"config,omitempty"` // absolute path of the file with which it was started
}

func (s *Server) version(w http.ResponseWriter, _ *request) error {
	_ = newLines(w).write(Version{Version: s.text, Config: s.config})
	return nil
}

func (s *Server) status(w http.ResponseWriter, r *request) error {
	ctx, cancel := context.WithTimeout(r.http.Context(), statusTimeout)
	defer cancel()
	ask := s.backend.Status
	switch brief, err := r.flag("brief"); {
	case err != nil:
		return err
	case brief:
		ask = s.backend.Brief
	}
	status, err := ask(ctx, r.query["service"])
	if err != nil {
		return err
	}
	_ = newLines(w).write(status)
	return nil
}

func (s *Server) events(w http.ResponseWriter, r *request) error {
	follow, err := r.flag("follow")
	if err != nil {
		return err
	}
	out := newLines(w)
	if err := out.begin(); err != nil {
		return nil // the client is gone
	}
	err = s.backend.Events(r.http.Context(), follow, func(e supervisor.Event) error { return out.write(e) })
	return finishStream(out, err)
}

func (s *Server) logs(w http.ResponseWriter, r *request) error {
	follow, err := r.flag("follow")
	if err != nil {
		return err
	}
	n, err := r.number("lines", someLines, maxLines)
	if err != nil {
		return err
	}
	if len(r.query["service"]) > 1 {
		return bad(http.StatusBadRequest, "query parameter %q is given twice", "service")
	}
	out := newLines(w)
	err = s.backend.Logs(r.http.Context(), r.query.Get("service"), n, follow, func(l output.Line) error { return out.write(l) })
	return finishStream(out, err)
}

// finishStream ends a stream that may have been empty. An error after the first line has no place to go: it is the client's
// own going away.
func finishStream(out *lines, err error) error {
	if err != nil && !out.sent {
		return err
	}
	out.header(http.StatusOK)
	return nil
}
