package stage

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func fullPlan() Plan {
	id, umask, nice, oom := uint32(7), uint32(0o27), -3, 500
	return Plan{
		Command: []string{"./app", "\xff not utf-8 \xc3", "ünïcode"}, Env: []string{"A=\x80", "B=2"},
		OwnPID: []string{"LISTEN_PID"}, ParentPID: []string{"EINHORN_MASTER_PID"}, ParentPIDPrefixed: []string{"P"}, OwnPIDFDID: []string{"D"},
		Parent: &Parent{Ready: 15, Stay: true}, Directory: "/\xe9t\xe9",
		Numbers: []int{3, 0, 255}, Nonblocking: []int{255}, UID: &id, GID: &id, Groups: []uint32{1, 4294967294}, Umask: &umask,
		Limits: []Limit{{"nofile", 10, Unlimited}}, Nice: &nice, OOMScoreAdjust: &oom, NoNewPrivileges: true,
	}
}

func TestPlanSurvivesJSON(t *testing.T) {
	adopting := Plan{Command: []string{"a"}, Numbers: []int{5}, Adopt: &Adopt{Number: 5, Paths: true}}
	for name, p := range map[string]Plan{"full": fullPlan(), "small": {Command: []string{"a"}}, "adopting": adopting} {
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodePlan(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(p, got); diff != "" {
			t.Errorf("%s: plan changed on the way (-sent +got):\n%s", name, diff)
		}
	}
}

func TestDecodePlanIsStrict(t *testing.T) {
	tests := map[string]struct{ json, want string }{
		"unknown field":   {`{"command":["a"],"chroot":"/x"}`, `unknown field "chroot"`},
		"more data":       {`{"command":["a"]}{}`, "more data after the plan"},
		"empty":           {``, "EOF"},
		"cut":             {`{"command":["a"`, "unexpected EOF"},
		"no command":      {`{"command":[]}`, "its command is empty"},
		"empty command":   {`{"command":[""]}`, "its command is empty"},
		"not a byte":      {`{"command":["\u0100"]}`, "above U+00FF"},
		"wrong type":      {`{"command":"a"}`, "cannot unmarshal"},
		"negative number": {`{"command":["a"],"numbers":[-1]}`, `cannot give descriptor "-1"`},
		"number twice":    {`{"command":["a"],"numbers":[5,5]}`, `cannot give descriptor "5"`},
		"not given":       {`{"command":["a"],"numbers":[5],"nonblocking":[3]}`, `cannot set O_NONBLOCK of descriptor "3"`},
		"zero byte":       {`{"command":["a","x\u0000y"]}`, `cannot pass "x\x00y": it contains a zero byte`},
		"no variable":     {`{"command":["a"],"env":["=x"]}`, `cannot set variable "=x"`},
		"nothing to ask":  {`{"command":["a"],"numbers":[5],"adopt":{"number":4}}`, `cannot send over descriptor "4": it is not given`},
		"asks on stdin":   {`{"command":["a"],"numbers":[0],"adopt":{"number":0}}`, "or is a standard stream"},
		"asks and parent": {`{"command":["a"],"numbers":[5],"adopt":{"number":5},"parent":{"stay":true}}`, "the command has a parent of its own"},
		"no such signal":  {`{"command":["a"],"parent":{"ready":65}}`, `cannot wait for signal "65"`},
		"no name":         {`{"command":["a"],"own_pid":["A=B"]}`, `cannot set variable "A=B"`},
		"negative uid":    {`{"command":["a"],"uid":-1}`, "cannot unmarshal"},
	}
	for name, tt := range tests {
		_, err := decodePlan([]byte(tt.json))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

func TestCheckBoundsDescriptors(t *testing.T) {
	p := Plan{Command: []string{"a"}}
	for n := range maxDescriptors + 1 {
		p.Numbers = append(p.Numbers, n)
	}
	if err := p.Check(); err == nil {
		t.Error("more descriptors than allowed were accepted")
	}
	p.Numbers = p.Numbers[:maxDescriptors]
	if err := p.Check(); err != nil {
		t.Error(err)
	}
}

func TestEnvironment(t *testing.T) {
	p := Plan{
		Env:       []string{"LISTEN_PID=999", "PATH=/bin", "LISTEN_PIDX=1", "EMPTY="},
		OwnPID:    []string{"LISTEN_PID", "BOTH"},
		ParentPID: []string{"PARENT", "BOTH", "PARENT"},
	}
	p.ParentPIDPrefixed, p.OwnPIDFDID = []string{"PREFIXED"}, []string{"PIDFD"}
	p.Env = append(p.Env, "PIDFD=0", "PREFIXED=")
	want := []string{"PATH=/bin", "LISTEN_PIDX=1", "EMPTY=", "PARENT=7", "BOTH=42", "PREFIXED=parent:7", "PIDFD=18446744073709551615", "LISTEN_PID=42"}
	if diff := cmp.Diff(want, p.environment(process{42, 7, 1<<64 - 1})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	want = slices.DeleteFunc(want, func(v string) bool { return strings.HasPrefix(v, "PIDFD=") })
	if diff := cmp.Diff(want, p.environment(process{42, 7, 0})); diff != "" {
		t.Errorf("without pidfs, -want +got:\n%s", diff)
	}
}

func TestLookupTakesTheLast(t *testing.T) {
	env := []string{"PATH=/a", "PATHX=/no", "PATH=/b"}
	if v, ok := lookup(env, "PATH"); v != "/b" || !ok {
		t.Errorf("got %q, %t", v, ok)
	}
	if _, ok := lookup(env, "HOME"); ok {
		t.Error("found a variable that is not there")
	}
}

func FuzzDecodePlan(f *testing.F) {
	full, err := json.Marshal(fullPlan())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{full, []byte(`{"command":["a"]}`), []byte(`{"command":["\u00ff"],"numbers":[0]}`), []byte("{"), nil} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePlan(b)
		if err != nil {
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		q, err := decodePlan(again)
		if err != nil {
			t.Fatalf("%q was accepted, %q is not: %v", b, again, err)
		}
		if diff := cmp.Diff(p.environment(process{1, 2, 3}), q.environment(process{1, 2, 3})); diff != "" || len(p.Numbers) != len(q.Numbers) {
			t.Fatalf("%q changed: %s", b, diff)
		}
	})
}
