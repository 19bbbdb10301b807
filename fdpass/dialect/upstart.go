package dialect

import "strconv"

// upstart is how Ubuntu's Upstart socket bridge passed one socket; uWSGI still reads it.
//
//	UPSTART_EVENTS=socket  UPSTART_FDS=3
//
// Source: uWSGI core/setup_utils.c, uwsgi_setup_upstart; upstart-socket-bridge(8).
func upstart() dialect {
	return dialect{name: "upstart", tell: tellUpstart, always: true, owns: isOneOf("UPSTART_EVENTS", "UPSTART_FDS")}
}

func tellUpstart(in Input, fds []int) (words, error) {
	if err := onlyOne(in); err != nil {
		return words{}, err
	}
	return words{env: []string{"UPSTART_EVENTS=socket", "UPSTART_FDS=" + strconv.Itoa(fds[0])}}, nil
}
