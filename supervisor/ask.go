package supervisor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// question is a check by HTTP.
type question struct {
	url     string
	expect  string // regular expression for the body; "" is content with any
	timeout time.Duration
}

// probeTimeout bounds one HTTP check of readiness.
const probeTimeout = 5 * time.Second

const (
	maxBody   = 64 << 10 // of an answer is looked at
	maxHeader = 1 << 20
	maxShown  = 200 // bytes of an answer are shown
)

// ask makes a check by HTTP, on a connection of its own. It is good if the status is below 400 and the body as expected. Redirects are
// not followed.
func (c *child) ask(ctx context.Context, q question) error {
	return q.ask(ctx, c.dial)
}

type dialer func(ctx context.Context, network, address string) (net.Conn, error)

func (q question) ask(ctx context.Context, dial dialer) error {
	within, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	err := q.get(within, dial)
	if err != nil && within.Err() == context.DeadlineExceeded {
		err = fmt.Errorf("no answer within %s", q.timeout)
	}
	if err != nil {
		return fmt.Errorf("GET %s: %w", q.url, plainly(err))
	}
	return nil
}

func (q question) get(ctx context.Context, dial dialer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, q.url, nil)
	if err != nil {
		return err
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: nil, DialContext: dial, MaxResponseHeaderBytes: maxHeader},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	switch {
	case resp.StatusCode >= http.StatusBadRequest:
		return errors.New(resp.Status + firstLine(body))
	case q.expect == "":
		return nil
	case err != nil:
		return err
	}
	pattern, err := regexp.Compile(q.expect)
	if err == nil && !pattern.Match(body) {
		err = fmt.Errorf("the body of the answer does not match expect%s", firstLine(body))
	}
	return err
}

// firstLine is the beginning of a body behind a colon; "" for one without text.
func firstLine(body []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(body[:min(len(body), maxShown)])), "\n")
	if line = strings.TrimSpace(strings.ToValidUTF8(line, "")); line == "" {
		return ""
	}
	return ": " + line
}

// plainly is an error without the addresses in it: they differ each time, or have been named.
func plainly(err error) error {
	if failed := (*url.Error)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	if failed := (*net.OpError)(nil); errors.As(err, &failed) {
		err = failed.Err
	}
	return err
}
