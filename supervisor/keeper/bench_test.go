//go:build linux

package keeper

import (
	"sync"
	"testing"
)

// BenchmarkSpawn is one worker from Spawn to Forget, in this large binary as stage.
func BenchmarkSpawn(b *testing.B) {
	k := newBench(b)
	s := shell("")
	s.Plan.Command = []string{"true"}
	for b.Loop() {
		p, err := k.Spawn(s)
		k.must(err)
		k.finish(p.ID)
	}
}

// BenchmarkKillMany is the time to kill 300 workers that run at the same time.
func BenchmarkKillMany(b *testing.B) {
	k := newBench(b)
	s := shell("")
	s.Plan.Command = []string{"sleep", "1000"}
	for b.Loop() {
		b.StopTimer()
		var ids []ID
		for range 300 {
			p, err := k.Spawn(s)
			k.must(err)
			ids = append(ids, p.ID)
		}
		b.StartTimer()
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() {
				if err := k.Kill(id); err != nil {
					b.Error(err)
				}
			})
		}
		all.Wait()
		for _, id := range ids {
			k.finish(id)
		}
	}
}
