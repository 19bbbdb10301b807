package supervisor

import "testing"

// TestLife checks every cell against what the words mean: phases are never left backwards, an exit always ends, nothing wakes the dead.
func TestLife(t *testing.T) {
	want := map[phase]map[trigger]phase{
		starting: {becameReady: ready, stopAsked: draining, ranOut: killing, exited: gone},
		ready:    {becameReady: ready, stopAsked: draining, ranOut: killing, exited: gone},
		draining: {becameReady: draining, stopAsked: draining, ranOut: killing, exited: gone},
		killing:  {becameReady: killing, stopAsked: killing, ranOut: killing, exited: gone},
		gone:     {becameReady: gone, stopAsked: gone, ranOut: gone, exited: gone},
	}
	for p := range numPhases {
		for tr := range numTriggers {
			if got := life[p][tr]; got != want[p][tr] {
				t.Errorf("life[%s][%d] = %s, want %s", p, tr, got, want[p][tr])
			}
			if life[p][tr] < p {
				t.Errorf("life[%s][%d] goes backwards to %s", p, tr, life[p][tr])
			}
		}
	}
}
