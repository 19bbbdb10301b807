package fdpass

import "fmt"

const (
	winsockMax      = 0x7fffffff // SOMAXCONN: the provider takes a reasonable maximum of its own
	winsockHintLow  = 200        // SOMAXCONN_HINT(n) is for these numbers
	winsockHintHigh = 65535
)

// windowsBacklog gives the argument of Winsock's listen() for a configured backlog, where 0 is the most that there is. SOMAXCONN_HINT(n),
// which is -n, sets numbers from 200 to 65535; a plain number is cut by the provider to what it finds reasonable. The sentence, if
// any, says what becomes of a number that cannot be had. Source: "listen function (winsock2.h)" and SOMAXCONN_HINT of winsock2.h.
func windowsBacklog(configured int) (argument int32, warning string) {
	switch {
	case configured == 0:
		return winsockMax, ""
	case configured < winsockHintLow:
		return int32(configured), ""
	case configured <= winsockHintHigh:
		return int32(-configured), ""
	}
	return -winsockHintHigh, fmt.Sprintf("the backlog of %d is cut to %d, the most that Winsock takes as a number", configured, winsockHintHigh)
}
