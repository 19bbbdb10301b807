package control

import (
	"errors"
	"strings"

	"github.com/seed-da40d5ac/supervise/config"
	"github.com/seed-da40d5ac/supervise/fdpass"
	"github.com/seed-da40d5ac/supervise/supervisor"
)

// Message is one line of the answer to a POST: one of its fields is set.
type Message struct {
	Event  *supervisor.Event `json:"event,omitempty"`
	Result *Result           `json:"result,omitempty"`
}

// Result is how an operation ended.
type Result struct {
	OK      bool     `json:"ok"`
	Error   string   `json:"error,omitempty"`   // one sentence, more for an invalid configuration
	Output  []string `json:"output,omitempty"`  // the last lines of the worker that was the cause
	Code    int      `json:"code,omitempty"`    // exit code for a command line, one of the Code constants
	Changes []string `json:"changes,omitempty"` // reload: what differed, as lines for a person
	Kind    string   `json:"kind,omitempty"`    // not found: "service" or "listener"
	Name    string   `json:"name,omitempty"`    // not found: what was asked for
	Known   []string `json:"known,omitempty"`   // not found: what there is
}

// Exit codes of the command line.
const (
	CodeFailed  = 1 // the operation failed
	CodeUsage   = 2 // not understood, or no such service
	CodeConfig  = 3 // invalid configuration
	CodeNobody  = 4 // no running supervise found; never in a Result
	CodeUnbound = 5 // a listener could not be opened
)

// failure turns what a Backend says into a Result.
func failure(err error) *Result {
	r := &Result{Error: err.Error(), Code: CodeFailed}
	var (
		rollout  *supervisor.RolloutError
		notFound *supervisor.NotFoundError
		invalid  *config.Error
		unbound  *fdpass.OpenError
		bad      *badRequest
	)
	switch {
	case errors.As(err, &rollout):
		r.Output = rollout.Output
	case errors.As(err, &notFound):
		r.Code, r.Kind, r.Name, r.Known = CodeUsage, notFound.Kind, notFound.Name, notFound.Known
	case errors.As(err, &invalid):
		r.Code = CodeConfig
	case errors.As(err, &unbound):
		r.Code = CodeUnbound
	case errors.As(err, &bad):
		r.Code = bad.code
	}
	return r
}

// changeLines is the text of a difference, one line each.
func changeLines(c config.Changes) []string {
	if c.Empty() {
		return nil
	}
	return strings.Split(strings.TrimRight(c.String(), "\n"), "\n")
}
