package control

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one method and path. {name} in the path stands for one segment.
type route struct {
	method string
	path   string
	query  []string // the parameters it takes
	serve  func(*Server, http.ResponseWriter, *request) error
}

// routes is the whole API.
func routes() []route {
	return []route{
		{"GET", "/v1/version", nil, (*Server).version},
		{"GET", "/v1/status", []string{"service", "brief"}, (*Server).status},
		{"GET", "/v1/events", []string{"follow"}, (*Server).events},
		{"GET", "/v1/logs", []string{"service", "lines", "follow"}, (*Server).logs},
		{"GET", "/v1/descriptors", []string{"name"}, (*Server).descriptors},
		{"POST", "/v1/services/{name}/restart", nil, (*Server).restart},
		{"POST", "/v1/services/{name}/promote", nil, (*Server).promote},
		{"POST", "/v1/services/{name}/rollback", nil, (*Server).rollback},
		{"POST", "/v1/services/{name}/start", nil, (*Server).start},
		{"POST", "/v1/services/{name}/stop", nil, (*Server).stop},
		{"POST", "/v1/services/{name}/scale", nil, (*Server).scale},
		{"POST", "/v1/services/{name}/signal", nil, (*Server).signal},
		{"POST", "/v1/listeners/{name}/hold", nil, (*Server).hold},
		{"POST", "/v1/listeners/{name}/release", nil, (*Server).release},
		{"POST", "/v1/reload", nil, (*Server).reload},
		{"POST", "/v1/upgrade", nil, (*Server).upgrade},
	}
}

// find gives the route of a request and the name in its path. net/http's own ServeMux answers some paths with redirects
// and plain text; here every answer is JSON.
func (s *Server) find(method string, u *url.URL) (*route, string, error) {
	var allowed []string
	for i := range s.routes {
		rt := &s.routes[i]
		name, ok := match(rt.path, u.EscapedPath())
		if !ok {
			continue
		}
		if rt.method == method {
			return rt, name, nil
		}
		allowed = append(allowed, rt.method)
	}
	if allowed != nil {
		return nil, "", &methodError{allowed: strings.Join(slices.Compact(allowed), ", "), method: method}
	}
	return nil, "", bad(http.StatusNotFound, "there is no %q in this API", u.Path)
}

// match compares segment by segment, so that an escaped slash stays part of a name.
func match(pattern, path string) (name string, ok bool) {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return "", false
	}
	for i := range want {
		switch {
		case want[i] == "{name}":
			unescaped, err := url.PathUnescape(have[i])
			if err != nil || unescaped == "" {
				return "", false
			}
			name = unescaped
		case want[i] != have[i]:
			return "", false
		}
	}
	return name, true
}

// methodError is a known path with a method it does not have.
type methodError struct{ method, allowed string }

func (e *methodError) Error() string {
	return fmt.Sprintf("method %q is not possible here, use %s", e.method, e.allowed)
}
