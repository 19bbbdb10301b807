package steer

import (
	"net/netip"
	"testing"
)

// BenchmarkSteer changes who gets new connections.
func BenchmarkSteer(b *testing.B) {
	for _, kind := range kinds() {
		b.Run(kind.String(), func(b *testing.B) {
			at := loopback4
			members := []Member{{"old", listenAt(b, &at)}, {"new", listenAt(b, &at)}}
			defer members[0].Descriptor.Close()
			defer members[1].Descriptor.Close()
			g := must(Open(kind, members))
			defer g.Close()
			choices := []Choice{to("old"), to("new")}
			for i := 0; b.Loop(); i++ {
				if err := g.Steer(choices[i%2]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkConnect makes and accepts connections without a program, and with each kind: what a program costs is the difference.
func BenchmarkConnect(b *testing.B) {
	for _, kind := range append([]Kind{None}, kinds()...) {
		b.Run(kind.String(), func(b *testing.B) {
			at := loopback4
			d := listenAt(b, &at)
			defer d.Close()
			if kind != None {
				g := must(Open(kind, []Member{{"one", d}}))
				defer g.Close()
				probe := Probe{netip.MustParseAddrPort("192.0.2.1:1"), "one"}
				if err := g.Steer(Choice{Current: []string{"one"}, Canary: []string{"one"}, Share: 0.5, Probes: []Probe{probe}}); err != nil {
					b.Fatal(err)
				}
			}
			_ = d.Use(func(fd int) error {
				for b.Loop() {
					one(map[string]int{"one": fd}, at)
				}
				return nil
			})
		})
	}
}
