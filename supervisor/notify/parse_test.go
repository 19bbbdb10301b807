package notify

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var inside = cmpopts.IgnoreUnexported(Message{})

func TestParse(t *testing.T) {
	three, zero := 3, 0
	for text, want := range map[string]Message{
		"READY=1":                                {Ready: true},
		"READY=1\n":                              {Ready: true},
		"\n\nREADY=1\n\n":                        {Ready: true},
		"READY=1\x00":                            {Ready: true},
		"READY=1\nREADY=1":                       {Ready: true},
		"READY=1\nSTATUS=serving a=b\nMAINPID=7": {Ready: true, Status: "serving a=b", MainPID: 7},
		"RELOADING=1\nMONOTONIC_USEC=1500000":    {Reloading: true, Monotonic: 1500 * time.Millisecond},
		"STOPPING=1":                             {Stopping: true},
		"STATUS=":                                {},
		"STATUS=\x1b[2Jx\tü\xff\u202e":           {Status: "\ufffd[2Jx\ufffdü\ufffd\ufffd"},
		"ERRNO=2":                                {Errno: 2},
		"BUSERROR=org.x.Y":                       {BusError: "org.x.Y"},
		"EXIT_STATUS=3":                          {ExitStatus: &three},
		"EXIT_STATUS=0":                          {ExitStatus: &zero},
		"MAINPID=4194304":                        {MainPID: 4194304},
		"WATCHDOG=1":                             {Watchdog: true},
		"WATCHDOG=trigger":                       {WatchdogTrigger: true},
		"WATCHDOG_USEC=20":                       {WatchdogInterval: 20 * time.Microsecond},
		"WATCHDOG_USEC=0":                        {WatchdogOff: true},
		"WATCHDOG_USEC=18446744073709551615":     {WatchdogOff: true},
		"EXTEND_TIMEOUT_USEC=5000000":            {ExtendTimeout: 5 * time.Second},
		"EXTEND_TIMEOUT_USEC=9223372036854775":   {ExtendTimeout: math.MaxInt64 / 1000 * time.Microsecond},
		"FDSTORE=1\nFDNAME=x":                    {StoreName: "x"},
		"FDSTORE=1\nFDPOLL=0":                    {StoreUnpolled: true},
		"FDSTORE=1\nFDPOLL=1\nFDNAME=":           {},
		"FDSTOREREMOVE=1\nFDNAME=a b":            {StoreRemove: true, StoreName: "a b"},
		"X_MINE=\x01\nlower=1":                   {Other: []string{"X_MINE=\x01", "lower=1"}},
		"BARRIER=1":                              {},
	} {
		got, err := Parse([]byte(text))
		if diff := cmp.Diff(want, got, inside); err != nil || diff != "" {
			t.Errorf("Parse(%q): %v\n%s", text, err, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, why := range map[string]string{
		"":                                     "it is empty",
		"\n\n":                                 "it is empty",
		"\x00":                                 "it is empty",
		"READY=1\x00\x00":                      "NUL",
		"READY=1\x00STATUS=x":                  "NUL",
		"READY":                                `line "READY" is not KEY=VALUE`,
		"=1":                                   "not KEY=VALUE",
		"READY =1":                             "not KEY=VALUE",
		"\xff=1":                               "not KEY=VALUE",
		"READY=1\r\n":                          "READY=1\ufffd: the only value is 1",
		"READY=0":                              "READY=0: the only value is 1",
		"READY=":                               "the only value is 1",
		"READY=yes":                            "the only value is 1",
		"RELOADING=2":                          "the only value is 1",
		"STOPPING=true":                        "the only value is 1",
		"BARRIER=0":                            "the only value is 1",
		"BARRIER=1\nREADY=1":                   "alone",
		"X=1\nBARRIER=1":                       "alone",
		"STATUS=a\nSTATUS=b":                   `STATUS is given twice, as "a" and "b"`,
		"MAINPID=0":                            "from 1 to 4194304",
		"MAINPID=-1":                           "from 1 to 4194304",
		"MAINPID=4194305":                      "from 1 to 4194304",
		"MAINPID=1_0":                          "from 1 to 4194304",
		"MAINPID=+1":                           "from 1 to 4194304",
		"MAINPID= 1":                           "from 1 to 4194304",
		"MAINPID=0x10":                         "from 1 to 4194304",
		"MAINPID=99999999999999999999999":      "from 1 to 4194304",
		"ERRNO=4096":                           "from 0 to 4095",
		"EXIT_STATUS=256":                      "from 0 to 255",
		"WATCHDOG=0":                           "the values are 1 and trigger",
		"FDSTORE=0":                            "the only value is 1",
		"FDSTOREREMOVE=yes":                    "the only value is 1",
		"FDNAME=a:b":                           "without a colon",
		"FDNAME=ü":                             "printable ASCII",
		"FDNAME=" + strings.Repeat("x", 256):   "at most 255",
		"FDPOLL=2":                             "the values are 0 and 1",
		"WATCHDOG_USEC=x":                      "microseconds",
		"WATCHDOG_USEC=":                       "microseconds",
		"EXTEND_TIMEOUT_USEC=9223372036854776": "microseconds",
		"MONOTONIC_USEC=-5":                    "microseconds",
		"STATUS=" + strings.Repeat("x", MaxMessage): "longer than 4096",
	} {
		got, err := Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("Parse(%.40q): got %v, want %q", text, err, why)
		}
		if !reflect.DeepEqual(got, Message{}) {
			t.Errorf("Parse(%.40q): something of it counts: %+v", text, got)
		}
	}
}

func TestParseTakesTheLongest(t *testing.T) {
	text := "STATUS=" + strings.Repeat("x", MaxMessage-len("STATUS="))
	if m, err := Parse([]byte(text + "\x00")); err != nil || len(m.Status) != MaxMessage-7 {
		t.Errorf("got %d bytes, %v", len(m.Status), err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"READY=1\nSTATUS=ok\n", "BARRIER=1", "RELOADING=1\nMONOTONIC_USEC=1", "WATCHDOG=trigger", "MAINPID=1\x00",
		"EXIT_STATUS=0\nERRNO=5", "FDSTORE=1\nFDNAME=a", "=", "\n", "\xff\xfe", "WATCHDOG_USEC=18446744073709551615",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			if !reflect.DeepEqual(m, Message{}) || !strings.HasPrefix((&RefusedError{Cause: err}).Error(), "cannot take notification: ") {
				t.Errorf("%q: %v and %+v", b, err, m)
			}
			return
		}
		check(t, b, m)
	})
}

// check holds for every message that was accepted.
func check(t *testing.T, b []byte, m Message) {
	if m.PID != 0 || m.UID != 0 || m.Barrier != nil || m.Store != nil || m.Dropped != 0 {
		t.Errorf("%q sets what only the kernel says: %+v", b, m)
	}
	if m.MainPID < 0 || m.Errno < 0 || m.WatchdogInterval < 0 || m.ExtendTimeout < 0 || m.Monotonic < 0 {
		t.Errorf("%q: something is negative: %+v", b, m)
	}
	if printable(m.Status) != m.Status || printable(m.BusError) != m.BusError {
		t.Errorf("%q: not printable: %+v", b, m)
	}
	if again, err := Parse(b); err != nil || !reflect.DeepEqual(again, m) {
		t.Errorf("%q is read differently the second time", b)
	}
}
