package keeper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// A manager and the keeper process talk over a pair of SOCK_SEQPACKET sockets: one
// JSON object in each packet, descriptors beside it (SCM_RIGHTS, unix(7)). The
// manager asks, the keeper answers each request once, by its number. Requests are
// carried out in their order; the answers marked * come when it is time, and
// others may come before.
//
//	manager                                                             keeper
//	   │ ── welcome ──────────────────────────────────────────────────▶ │
//	   │ ◀──────────── who is there; on trial: + a sample hand-over ─── │
//	   │ ── kept after=NAME ──────────────────────────────────────────▶ │
//	   │ ◀────────────── names, more; + a descriptor or text of each ── │
//	   │ ── workers after=ID ─────────────────────────────────────────▶ │
//	   │ ◀──────────────── workers, more; + the pidfds of each, 1-2 ─── │
//	   │ ── hold name  + descriptor ──────────────────────────────────▶ │
//	   │ ── save name  + sealed file in memory ───────────────────────▶ │
//	   │ ── drop name ────────────────────────────────────────────────▶ │
//	   │ ── spawn name label mark group files  + program, plan, … ─────▶ │
//	   │ ◀─────────────────────────────────────── id, pid;  + pidfd ─── │
//	   │ ── follow id  + pidfd, or none: the first process ───────────▶ │
//	   │ ── exit id pid ──────────────────────────────────────────────▶ │
//	   │ ◀──────────────────────────────────────────────────── exit ─── │
//	   │ ── forget id ────────────────────────────────────────────────▶ │
//	   │ ── notify text  + descriptor, or none ───────────────────────▶ │
//	   │ ── signals ──────────────────────────────────────────────────▶ │
//	   │ ◀────────────────────────────────────────────── * a signal ─── │
//	   │ ── ready ────────────────────────────────────────────────────▶ │
//	   │ ◀──────── * after an upgrade: by the keeper's new program ──── │
//	   │ ── upgrade  + where the other one's standard error goes ─────▶ │
//	   │ ◀──────────────── * why not; if it works, this is the end ──── │
//	   │ ── tried text ───────────────────────────────────────────────▶ │
//	   │ ◀──────────────────────────────────────── * you take over ──── │
//	   │ ── end code ─────────────────────────────────────────────────▶ │
//
// End of file means that the other side is gone.
const (
	// protocol is what a manager and a keeper must agree in.
	protocol = 1
	// maxPacket bounds a packet, in bytes. What may be longer travels as a file in memory.
	maxPacket = 32 << 10
	// maxRights is how many descriptors the kernel takes in one message (SCM_MAX_FD).
	maxRights = 253
	// maxPage bounds the strings in one page of kept or workers, in bytes; as JSON
	// they are twice as long at most.
	maxPage = maxPacket / 3
	// maxText bounds a text that is kept, in bytes.
	maxText = 256 << 20
)

// request is what a manager asks.
type request struct {
	Seq   uint64   `json:"seq"`
	Kind  string   `json:"kind"`
	Name  string   `json:"name,omitempty"`
	ID    ID       `json:"id,omitempty"`
	PID   int      `json:"pid,omitempty"`
	Code  int      `json:"code,omitempty"`
	Text  string   `json:"text,omitempty"`
	Label string   `json:"label,omitempty"`
	Mark  string   `json:"mark,omitempty"`
	Group string   `json:"group,omitempty"` // of a worker: path of its control group, whose folder comes along before the files
	Files []string `json:"files,omitempty"` // of a worker: the name of what is held, or "" for the next that came along
}

// reply is what the keeper answers.
type reply struct {
	Seq     uint64       `json:"seq"`
	Error   string       `json:"error,omitempty"`  // why it was not done
	Reason  string       `json:"reason,omitempty"` // which error that is: see reasons
	Welcome *Welcome     `json:"welcome,omitempty"`
	Kept    []keptEntry  `json:"kept,omitempty"`
	Workers []wireWorker `json:"workers,omitempty"`
	More    bool         `json:"more,omitempty"` // ask again, after the last of these
	Exit    *wireExit    `json:"exit,omitempty"`
	Signal  int          `json:"signal,omitempty"`
}

// keptEntry is one thing that is kept.
type keptEntry struct {
	Name string `json:"name"`
	Text bool   `json:"text,omitempty"` // the descriptor is a sealed file in memory
	// Stuck is one that the kernel does not hand over: no descriptor comes with it.
	Stuck bool `json:"stuck,omitempty"`
}

// wireWorker is one worker, not forgotten.
type wireWorker struct {
	ID       ID        `json:"id"`
	Name     string    `json:"name,omitempty"`
	Label    string    `json:"label,omitempty"`
	Mark     string    `json:"mark,omitempty"`
	PID      int       `json:"pid"`
	Followed int       `json:"followed,omitempty"` // pid; 0: the main process is the first
	Started  time.Time `json:"started"`
	Group    string    `json:"group,omitempty"` // path of its control group
}

// wireExit is an Exit without its time.
type wireExit struct {
	Code       int  `json:"code,omitempty"`
	Signal     int  `json:"signal,omitempty"`
	CoreDumped bool `json:"core_dumped,omitempty"`
	Unknown    bool `json:"unknown,omitempty"`
}

// Welcome is what the keeper process tells a manager at its start.
type Welcome struct {
	Protocol  int    `json:"protocol"`
	KeeperPID int    `json:"keeper_pid"`
	Trial     bool   `json:"trial,omitempty"`    // read everything, act on nothing, call Tried
	Before    string `json:"before,omitempty"`   // how the manager before this one ended: "was killed by SIGKILL"; "" for the first
	Stopping  int    `json:"stopping,omitempty"` // SIGTERM and SIGINT that came so far; those come no more through Signals
	Failed    string `json:"failed,omitempty"`   // why the last upgrade failed after its manager had taken over
	// Given names the descriptors that were given to supervise, LISTEN_FDNAMES of
	// sd_listen_fds(3). The i-th is kept as given/i until it is dropped.
	Given []string `json:"given,omitempty"`
	// Watchdog is how often WATCHDOG=1 is expected through Notify; 0: never.
	Watchdog time.Duration `json:"watchdog_ns,omitempty"`
	// Groups is whether the keeper takes a group with spawn; one of an earlier version does not.
	Groups bool `json:"groups,omitempty"`
	// Program is the file that an upgrade runs.
	Program string `json:"program,omitempty"`
}

// reasons are the errors that errors.Is finds on the other side.
var reasons = map[string]error{"unknown": ErrUnknown, "running": errRunning}

// reasonOf names the error for the other side.
func reasonOf(err error) string {
	for name, e := range reasons {
		if errors.Is(err, e) {
			return name
		}
	}
	return ""
}

// failure gives back the error that the reply carries.
func (r reply) failure() error {
	if r.Error == "" {
		return nil
	}
	if err := reasons[r.Reason]; err != nil {
		return err
	}
	return errors.New(r.Error)
}

// errPacket is the reason for everything that is not in the form of a packet.
var errPacket = errors.New("malformed packet")

// decodePacket reads one JSON object, all of it and nothing but it. Fields that
// are not known are an error: half of a request must not be carried out.
func decodePacket(b []byte, v any) error {
	if len(b) > maxPacket {
		return fmt.Errorf("%w: it is longer than %d bytes", errPacket, maxPacket)
	}
	return decodeStrict(b, v, errPacket)
}

func decodeStrict(b []byte, v any, kind error) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %v", kind, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: more data behind the end", kind)
	}
	return nil
}
