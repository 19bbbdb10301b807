package keeper

import (
	"testing"
)

func TestProcExits(t *testing.T) {
	b := newBench(t)
	for _, code := range []string{"0", "3", "255", "0xc0000005"} {
		p, err := b.Spawn(helper(t, "exit", code))
		b.must(err)
		exit := b.finish(p.ID)
		t.Log(code, exit, exit.Code)
	}
}

func TestProcKill(t *testing.T) {
	b := newBench(t)
	p, err := b.Spawn(helper(t, "ready"))
	b.must(err)
	b.must(b.Kill(p.ID))
	if exit := b.finish(p.ID); exit.Signal == 0 {
		t.Errorf("the worker %s", exit)
	}
}
