package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxBody  = 64 << 10 // bytes
	maxLines = 100_000  // of logs in one request

	bodyTimeout = 10 * time.Second
)

// request is one that has found its route.
type request struct {
	http  *http.Request
	rest  *http.ResponseController
	name  string // of the service or listener in the path
	query url.Values
}

// badRequest is the client's fault.
type badRequest struct {
	status int // HTTP
	code   int // of the command line
	text   string
}

func (e *badRequest) Error() string { return e.text }

func bad(status int, format string, args ...any) error {
	return &badRequest{status: status, code: CodeUsage, text: fmt.Sprintf(format, args...)}
}

// parseQuery refuses what the route does not know: a misspelt parameter must not be taken for none.
func parseQuery(raw string, known []string) (url.Values, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, bad(http.StatusBadRequest, "cannot read the query of the address: %v", err)
	}
	for key := range values {
		if !slices.Contains(known, key) {
			return nil, bad(http.StatusBadRequest, "unknown query parameter %q%s", key, knownText(known))
		}
		if key != "service" && key != "name" && len(values[key]) > 1 {
			return nil, bad(http.StatusBadRequest, "query parameter %q is given twice", key)
		}
	}
	return values, nil
}

func knownText(known []string) string {
	if len(known) == 0 {
		return ": this address takes none"
	}
	return ", known are " + strings.Join(known, ", ")
}

func (r *request) flag(key string) (bool, error) {
	switch v := r.query.Get(key); v {
	case "", "0", "false":
		return false, nil
	case "1", "true":
		return true, nil
	default:
		return false, bad(http.StatusBadRequest, "%s must be 0 or 1, not %q", key, v)
	}
}

func (r *request) number(key string, otherwise, most int) (int, error) {
	v := r.query.Get(key)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > most {
		return 0, bad(http.StatusBadRequest, "%s must be a number from 0 to %d, not %q", key, most, v)
	}
	return n, nil
}

// body decodes the request's JSON object into v: only known keys, at most 64 KiB, within ten seconds. No body is an
// empty object.
func (r *request) body(w http.ResponseWriter, v any) error {
	_ = r.rest.SetReadDeadline(time.Now().Add(bodyTimeout))
	text, err := io.ReadAll(http.MaxBytesReader(w, r.http.Body, maxBody))
	_ = r.rest.SetReadDeadline(time.Time{})
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return bad(http.StatusRequestEntityTooLarge, "the body is longer than %d bytes", maxBody)
	case err != nil:
		return bad(http.StatusBadRequest, "cannot read the body: %v", err)
	case len(strings.TrimSpace(string(text))) == 0:
		return nil
	}
	return decode(string(text), v)
}

func decode(text string, v any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var kind *json.UnmarshalTypeError
	switch err := d.Decode(v); {
	case errors.As(err, &kind):
		return bad(http.StatusBadRequest, "cannot read the body: %s is no %s", strings.Trim(kind.Field+" "+kind.Value, " "), kind.Type)
	case err != nil:
		return bad(http.StatusBadRequest, "cannot read the body: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return bad(http.StatusBadRequest, "cannot read the body: there is more after the JSON object")
	}
	return nil
}
