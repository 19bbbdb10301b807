package control

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/seed-da40d5ac/supervise/fdpass"
)

// descriptorsProtocol is what a connection is switched over to (RFC 9110, section 7.8).
const descriptorsProtocol = "supervise-descriptors"

// switched is the head of the answer; what follows it is no HTTP.
const switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + descriptorsProtocol + "\r\n\r\n"

// descriptors hands out listeners over the connection of the request, which ends with it.
func (s *Server) descriptors(w http.ResponseWriter, r *request) error {
	if !wantsDescriptors(r.http.Header) {
		w.Header().Set("Upgrade", descriptorsProtocol)
		return bad(http.StatusUpgradeRequired, "descriptors come beside an answer that is no HTTP: ask with Upgrade: %s", descriptorsProtocol)
	}
	if len(r.query["name"]) == 0 {
		return bad(http.StatusBadRequest, "say which listeners: ?name=NAME, once for each")
	}
	list, err := s.backend.Descriptors(r.http.Context(), r.query["name"])
	if err != nil {
		return err
	}
	defer func() {
		for _, n := range list {
			_ = n.Descriptor.Close()
		}
	}()
	c, err := hijack(r)
	if err != nil {
		return err
	}
	defer c.Close()
	s.log.Info("descriptors given away", "listeners", namesOf(list), "pid", peerOf(r.http.Context()).PID)
	if err := handOut(c, list); err != nil {
		s.log.Debug("descriptors not given away", "error", err)
	}
	return nil
}

func wantsDescriptors(h http.Header) bool {
	return strings.EqualFold(h.Get("Upgrade"), descriptorsProtocol) && strings.Contains(strings.ToLower(h.Get("Connection")), "upgrade")
}

// hijacked is a connection that is no longer the HTTP server's. Closing it gives its place back.
type hijacked struct {
	*net.UnixConn
	outer net.Conn
}

func (h hijacked) Close() error { return h.outer.Close() }

func hijack(r *request) (hijacked, error) {
	c, _, err := r.rest.Hijack()
	if err != nil {
		return hijacked{}, err
	}
	inner := c
	if s, ok := c.(*slot); ok {
		inner = s.Conn
	}
	unix, ok := inner.(*net.UnixConn)
	if !ok {
		_ = c.Close()
		return hijacked{}, bad(http.StatusBadRequest, "descriptors can be had over a unix socket only")
	}
	return hijacked{unix, c}, nil
}

// handOut writes the head alone: a reader of it that is not careful must not lose the first descriptors.
func handOut(c hijacked, list []fdpass.Named) error {
	if err := c.SetDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := c.Write([]byte(switched)); err != nil {
		return err
	}
	return fdpass.Send(c.UnixConn, list)
}

func namesOf(list []fdpass.Named) []string {
	var names []string
	for _, n := range list {
		names = append(names, n.Name)
	}
	return names
}
