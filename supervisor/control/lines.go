package control

import (
	"encoding/json"
	"net/http"
	"time"
)

// writeTimeout is how long a client may not read before it is dropped.
const writeTimeout = 10 * time.Second

// lines writes JSON values, one a line, each at once. The first one sends the header. After the first failure nothing more is
// written.
type lines struct {
	w    http.ResponseWriter
	rest *http.ResponseController
	json *json.Encoder
	err  error
	sent bool
}

func newLines(w http.ResponseWriter) *lines {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // messages are read by people: & and < stay
	return &lines{w: w, rest: http.NewResponseController(w), json: e}
}

// write sends v and says whether the client is still there.
func (l *lines) write(v any) error {
	return l.end(http.StatusOK, v)
}

// end is write with a status, for when nothing was sent before.
func (l *lines) end(status int, v any) error {
	if l.err != nil {
		return l.err
	}
	// A recorder of a test has no deadlines; nothing else lacks them.
	_ = l.rest.SetWriteDeadline(time.Now().Add(writeTimeout))
	l.header(status)
	if l.err = l.json.Encode(v); l.err == nil {
		l.err = l.rest.Flush()
	}
	_ = l.rest.SetWriteDeadline(time.Time{})
	return l.err
}

// begin sends the header before there is a line, so that the client knows that it has been heard.
func (l *lines) begin() error {
	l.header(http.StatusOK)
	l.err = l.rest.Flush()
	return l.err
}

func (l *lines) header(status int) {
	if l.sent {
		return
	}
	l.sent = true
	l.w.Header().Set("Content-Type", "application/json")
	l.w.Header().Set("Cache-Control", "no-store")
	l.w.WriteHeader(status)
}
