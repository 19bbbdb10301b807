package keeper

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestDecodePacket(t *testing.T) {
	for packet, want := range map[string]string{
		`{"seq":1,"kind":"ready"}`: "",
		` {"seq":1} `:              "",
		``:                         "malformed packet: EOF",
		`{"seq":1`:                 "malformed packet: unexpected EOF",
		`{"seq":1}{}`:              "malformed packet: more data behind the end",
		`{"seq":1}x`:               "malformed packet: more data behind the end",
		`{"seq":-1}`:               "malformed packet: json: cannot unmarshal",
		`{"seq":1,"colour":"red"}`: `malformed packet: json: unknown field "colour"`,
		`{"kind":"` + strings.Repeat("x", maxPacket) + `"}`: "malformed packet: it is longer than 32768 bytes",
	} {
		var r request
		err := decodePacket([]byte(packet), &r)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%.40q: got %v, want %q", packet, err, want)
		}
		if err != nil && !errors.Is(err, errPacket) {
			t.Errorf("%.40q: %v is no errPacket", packet, err)
		}
	}
}

func TestReplyFailure(t *testing.T) {
	for _, err := range []error{ErrUnknown, errRunning} {
		r := reply{Error: err.Error(), Reason: reasonOf(err)}
		if !errors.Is(r.failure(), err) {
			t.Errorf("%v became %v", err, r.failure())
		}
	}
	r := reply{Error: "no", Reason: reasonOf(os.ErrClosed)}
	if got := r.failure(); got == nil || got.Error() != "no" {
		t.Errorf("got %v", got)
	}
	if got := (reply{}).failure(); got != nil {
		t.Errorf("got %v", got)
	}
}

// Whatever is read is written the same way again, or refused.
func FuzzPacket(f *testing.F) {
	f.Add([]byte(`{"seq":1,"kind":"spawn","name":"worker/app/1/0/1","label":"app","mark":"m","files":["","web"]}`))
	f.Add([]byte(`{"seq":2,"kind":"exit","id":3,"pid":4}`))
	f.Add([]byte(`{"seq":3,"error":"no","reason":"unknown","kept":[{"name":"a","text":true}],"more":true,"exit":{"code":1}}`))
	f.Add([]byte(`{"seq":4,"welcome":{"protocol":1,"keeper_pid":1},"workers":[{"id":1,"pid":2,"started":"2026-01-02T03:04:05Z"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		again[request](t, b)
		again[reply](t, b)
	})
}

func again[T any](t *testing.T, b []byte) {
	var first, second T
	if decodePacket(b, &first) != nil {
		return
	}
	written, err := json.Marshal(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := decodeStrict(written, &second, errPacket); err != nil {
		t.Fatalf("%s cannot be read again: %v", written, err)
	}
	rewritten, err := json.Marshal(second)
	if err != nil || string(rewritten) != string(written) {
		t.Fatalf("%s became %s, %v", written, rewritten, err)
	}
}

func sampleHandover() handover {
	return handover{
		Version: handoverVersion, Program: "/usr/bin/supervise", Given: []string{"web"}, Last: 7, Stopping: 1, Pending: []int{1, 15}, Short: 2,
		Kept:    []handedThing{{keptEntry{Name: "web"}, 5}, {keptEntry{Name: "state", Text: true}, 6}},
		Workers: []handedWorker{{wireWorker{ID: 3, Name: "w", PID: 100}, 0}, {wireWorker{ID: 7, PID: 101, Followed: 102}, 7}},
		Manager: handedManager{PID: 99, FD: 4, Late: map[string]uint64{"ready": 8}, Told: 1},
	}
}

func TestHandover(t *testing.T) {
	want := sampleHandover()
	b, err := want.encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeHandover(b)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestHandoverRefuses(t *testing.T) {
	tests := map[string]struct {
		change func(*handover)
		want   string
	}{
		"version":       {func(h *handover) { h.Version = 2 }, "version 2, this program knows 1"},
		"name":          {func(h *handover) { h.Kept[0].Name = "" }, `"" is no name`},
		"name twice":    {func(h *handover) { h.Kept[0].Name = "state" }, `"state" is no name, or given twice`},
		"stdin":         {func(h *handover) { h.Kept[0].FD = 0 }, "descriptor 0 is none"},
		"fd twice":      {func(h *handover) { h.Kept[0].FD = 4 }, "descriptor 4 is none, or given twice"},
		"fd twice more": {func(h *handover) { h.Workers[1].FollowedFD = 4 }, "descriptor 4 is none, or given twice"},
		"id":            {func(h *handover) { h.Workers[0].ID = 8 }, "there cannot be a worker 8"},
		"id twice":      {func(h *handover) { h.Workers[0].ID = 7 }, "there cannot be a worker 7"},
		"pid":           {func(h *handover) { h.Workers[0].PID = 0 }, "worker 3 cannot be process 0"},
		"pid twice":     {func(h *handover) { h.Workers[0].PID = 101 }, "worker 7 cannot be process 101"},
		"followed":      {func(h *handover) { h.Workers[1].Followed = 0 }, "worker 7 cannot be process 101"},
		"manager":       {func(h *handover) { h.Manager.PID = 100 }, "the manager cannot be process 100"},
		"negative":      {func(h *handover) { h.Stopping = -1 }, "the manager cannot be process 99"},
	}
	for name, tt := range tests {
		h := sampleHandover()
		tt.change(&h)
		if _, err := h.encode(); !errors.Is(err, errHandover) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	b, err := sampleHandover().encode()
	if err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, err := decodeHandover(b[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are a hand-over", n, len(b))
		}
	}
	if _, err := decodeHandover(append(b, '{')); err == nil {
		t.Error("more behind it is no error")
	}
}

// What is accepted can be acted upon: it is checked, and reads the same again.
func FuzzHandover(f *testing.F) {
	b, err := sampleHandover().encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"version":1,"program":"p","last":0,"manager":{"pid":1,"fd":3,"late":{},"told":0}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeHandover(b)
		if err != nil {
			return
		}
		written, err := h.encode()
		if err != nil {
			t.Fatalf("%s cannot be written again: %v", b, err)
		}
		again, err := decodeHandover(written)
		if err != nil || len(again.descriptors()) != len(h.descriptors()) {
			t.Fatalf("%s became %s, %v", b, written, err)
		}
	})
}
