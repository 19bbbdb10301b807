package registry

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// flagGame plays the rule for O_NONBLOCK with workers that exist by name only.
type flagGame struct {
	f      flag
	living []*worker
	ranks  map[User]int
}

func (g *flagGame) rank(u User) int { return g.ranks[u] }

func (g *flagGame) start(names ...string) {
	for _, n := range names {
		g.living = append(g.living, &worker{place: place{user: User{n, 1}}})
	}
}

func (g *flagGame) worker(name string) *worker {
	for _, w := range g.living {
		if w.user.Service == name {
			return w
		}
	}
	return nil
}

func (g *flagGame) promote(name string) {
	if g.ranks == nil {
		g.ranks = map[User]int{}
	}
	g.ranks[User{name, 1}] = len(g.ranks) + 1
	g.f.elect(g.living, g.rank)
}

func (g *flagGame) gone(name string) {
	var rest []*worker
	for _, w := range g.living {
		if w.user.Service != name {
			rest = append(rest, w)
		}
	}
	g.living = rest
	g.f.elect(g.living, g.rank)
}

// set has a worker change the flag, known as the one who did it when sure. It gives the culprits when it is put back.
func (g *flagGame) set(now bool, name string) []string {
	return g.setBy(now, name)
}

// setBy has one of several workers change the flag.
func (g *flagGame) setBy(now bool, who ...string) []string {
	var suspects []*worker
	for _, name := range who {
		if w := g.worker(name); w != nil {
			suspects = append(suspects, w)
		}
	}
	var names []string
	for _, w := range g.f.changed(now, suspects, g.living) {
		names = append(names, w.user.Service)
	}
	return names
}

func TestFlagRule(t *testing.T) {
	cases := map[string]struct {
		play     func(g *flagGame) []string
		culprits []string
		want     bool
	}{
		"the first to set it decides": {func(g *flagGame) []string {
			g.start("a", "b")
			return g.set(true, "a")
		}, nil, true},
		"nobody else may change it then": {func(g *flagGame) []string {
			g.start("a", "b")
			g.set(true, "a")
			return g.set(false, "b")
		}, []string{"b"}, true},
		"who decides may change its mind": {func(g *flagGame) []string {
			g.start("a")
			g.set(true, "a")
			g.promote("a")
			return g.set(false, "a")
		}, nil, false},
		"a promoted generation that never asked is protected": {func(g *flagGame) []string {
			g.start("a")
			g.promote("a")
			g.start("b")
			return g.set(true, "b")
		}, []string{"b"}, false},
		"the other one is blamed when it may have been it": {func(g *flagGame) []string {
			g.start("a")
			g.promote("a")
			g.start("b")
			return g.set(true, "a")
		}, []string{"b"}, false},
		"a restart right after the first became ready": {func(g *flagGame) []string {
			g.start("a")
			g.promote("a")
			g.start("b")
			return g.setBy(true, "a", "b")
		}, nil, true},
		"the wish waits while the old generation lives": {func(g *flagGame) []string {
			g.start("a")
			g.promote("a")
			g.start("b")
			g.set(true, "b")
			g.promote("b")
			return nil
		}, nil, false},
		"the wish is granted when the old one is gone": {func(g *flagGame) []string {
			g.start("a")
			g.promote("a")
			g.start("b")
			g.set(true, "b")
			g.promote("b")
			g.gone("a")
			return nil
		}, nil, true},
		"a generation that is rolled back leaves nothing": {func(g *flagGame) []string {
			g.start("a")
			g.promote("a")
			g.start("b")
			g.set(true, "b")
			g.gone("b")
			return nil
		}, nil, false},
		"without a wish it stays": {func(g *flagGame) []string {
			g.start("a")
			g.set(true, "a")
			g.promote("a")
			g.start("b")
			g.promote("b")
			g.gone("a")
			return nil
		}, nil, true},
		"promotion overrides the first": {func(g *flagGame) []string {
			g.start("a", "b")
			g.set(true, "a")
			g.set(false, "b")
			g.promote("b")
			return nil
		}, nil, false},
		"a crash of the deciding one gives nothing away": {func(g *flagGame) []string {
			g.start("a")
			g.set(true, "a")
			g.promote("a")
			g.start("b")
			g.gone("a")
			return g.set(false, "b")
		}, []string{"b"}, true},
		"the next in line decides when the first was never promoted": {func(g *flagGame) []string {
			g.start("a", "b")
			g.set(true, "a")
			g.set(false, "b")
			g.gone("a")
			return nil
		}, nil, false},
		"of two promoted ones the later follows": {func(g *flagGame) []string {
			g.start("a", "b", "c")
			g.promote("a")
			g.promote("b")
			g.promote("c")
			g.set(true, "c")
			g.gone("a")
			return g.set(false, "b")
		}, []string{"b"}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			g := &flagGame{}
			culprits := c.play(g)
			if d := cmp.Diff(c.culprits, culprits); d != "" {
				t.Errorf("culprits:\n%s", d)
			}
			if g.f.want != c.want {
				t.Errorf("the flag has to be %v, want %v", g.f.want, c.want)
			}
		})
	}
}

// The wishes of workers that are gone are forgotten: thousands of rollouts leave nothing behind.
func TestFlagForgets(t *testing.T) {
	g := &flagGame{}
	g.start("a")
	g.promote("a")
	g.start("b")
	g.set(true, "b")
	g.gone("b")
	if len(g.f.wishes) != 0 {
		t.Errorf("wishes left: %v", g.f.wishes)
	}
}
