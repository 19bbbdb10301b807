package steer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

const many = 20_000 // connections

// TestProcFlip steers to and fro, and connects after each change.
func TestProcFlip(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.with("old", "new")
		wrong := 0
		for i := range many {
			key := []string{"old", "new"}[i%2]
			r.steer(to(key))
			if r.who() != key {
				wrong++
			}
		}
		if wrong > 0 {
			t.Errorf("%d of %d connections went to the wrong member", wrong, many)
		}
		if r.group.Kind() != r.kind {
			t.Errorf("%s steers", r.group.Kind())
		}
	})
}

func TestProcShare(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.with("old", "new")
		r.steer(Choice{Current: []string{"old"}, Canary: []string{"new"}, Share: 0.05})
		arrived := 0
		for range many {
			if r.who() == "new" {
				arrived++
			}
		}
		t.Logf("%.2f %% of %d connections", 100*float64(arrived)/many, many)
		if arrived < many*4/100 || arrived > many*6/100 {
			t.Errorf("%d of %d connections went to the canary with a share of 5 %%", arrived, many)
		}
	})
}

// TestProcSpread has current members that do not stand beside each other, and canaries.
func TestProcSpread(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.with("0", "1", "2", "3", "4", "5", "6", "7")
		r.steer(Choice{Current: []string{"6", "1", "2", "4"}, Canary: []string{"0", "7"}, Share: 0.5})
		got := map[string]int{}
		for range 4000 {
			got[r.who()]++
		}
		for _, key := range r.group.Order() {
			expected := map[string]int{"6": 500, "1": 500, "2": 500, "4": 500, "0": 1000, "7": 1000}[key]
			if n := got[key]; n < expected*3/4 || n > expected*5/4 {
				t.Errorf("member %s has %d connections, about %d expected", key, n, expected)
			}
		}
	})
}

// TestProcRandom does anything in any order and asks the kernel who gets a connection.
func TestProcRandom(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		seed := rand.Uint64()
		t.Log("seed ", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		r.with("m0", "m1")
		current := []string{"m0"}
		for next := 2; next < 400; next++ {
			order := r.group.Order()
			switch n := random.IntN(10); {
			case n < 3 && len(order) < 12:
				r.join(fmt.Sprint("m", next))
			case n < 6 && len(order) > 1:
				current = r.randomEnd(random, order, current)
			default:
				current = pick(random, order)
				r.steer(Choice{Current: current})
			}
			for range 5 {
				if who := r.who(); !slices.Contains(current, who) {
					t.Fatalf("step %d: %s got a connection, expected one of %v; order %v", next, who, current, r.group.Order())
				}
			}
		}
	})
}

// randomEnd lets a member go in one of the ways there are, never the last current one.
func (r *rig) randomEnd(random *rand.Rand, order, current []string) []string {
	key := order[random.IntN(len(order))]
	rest := slices.DeleteFunc(slices.Clone(current), func(k string) bool { return k == key })
	if len(rest) == 0 {
		return current
	}
	switch random.IntN(3) {
	case 0:
		if err := r.group.Leave(key); err != nil {
			r.t.Fatal(err)
		}
	case 1: // its process closes it
		r.drop(key)
		r.group.Lost(key)
		return rest
	case 2: // its process shuts it down
		if err := shutdown(r.socks[key]); err != nil {
			r.t.Fatal(err)
		}
		r.group.Lost(key)
	}
	r.drop(key)
	return rest
}

// pick gives one or more of the keys.
func pick(random *rand.Rand, keys []string) []string {
	keys = slices.Clone(keys)
	random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys[:1+random.IntN(len(keys))]
}

func TestProcDetect(t *testing.T) {
	s := Detect()
	want := kinds()[len(kinds())-1]
	if s.Best() != want {
		t.Errorf("best is %s (%v), expected %s", s.Best(), s.Extended, want)
	}
	t.Logf("%+v", s)
}

// TestProcFlipUnderLoad steers to and fro 5,000 times while a client connects all the time: every connection arrives at one of the two.
func TestProcFlipUnderLoad(t *testing.T) {
	eachKind(t, func(t *testing.T, r *rig) {
		r.with("old", "new", "other")
		stop := r.load()
		for i := range 5000 {
			r.steer(to([]string{"old", "new"}[i%2]))
		}
		got := stop()
		if got[""] > 0 || got["other"] > 0 {
			t.Errorf("connections went to %v", got)
		}
		t.Log(got)
	})
}
