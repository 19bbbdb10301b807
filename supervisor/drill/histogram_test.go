package drill

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestHistogramBuckets(t *testing.T) {
	values := []uint64{0, 1, 127, 128, 129, 255, 256, 257, 1 << 20, math.MaxInt64}
	for range 10000 {
		values = append(values, rand.Uint64()>>1>>rand.UintN(63))
	}
	for _, v := range values {
		i := bucket(v)
		if i < 0 || i >= numBuckets {
			t.Fatalf("bucket(%d) = %d, there are %d", v, i, numBuckets)
		}
		m := middle(i)
		if diff := math.Abs(float64(m) - float64(v)); diff > float64(v)/100 {
			t.Fatalf("middle(bucket(%d)) = %d, more than 1 %% off", v, m)
		}
		if v > 0 && bucket(v-1) > i {
			t.Fatalf("bucket is not monotonous at %d", v)
		}
	}
}

func TestHistogramPercentiles(t *testing.T) {
	var h histogram
	var all []time.Duration
	for range 5001 {
		d := time.Duration(rand.ExpFloat64() * float64(time.Millisecond))
		all = append(all, d)
		h.add(d)
	}
	slices.Sort(all)
	for _, p := range []float64{1, 50, 90, 99, 99.9, 100} {
		exact := all[int(math.Ceil(p/100*float64(len(all))))-1]
		got := h.percentile(p)
		if off := math.Abs(float64(got-exact)) / float64(exact); off > 0.01 {
			t.Errorf("p%g = %v, exact %v: %.2f %% off", p, got, exact, off*100)
		}
	}
	if got := time.Duration(h.max.Load()); got != all[len(all)-1] {
		t.Errorf("max = %v, want %v", got, all[len(all)-1])
	}
}

func TestHistogramEdges(t *testing.T) {
	var h histogram
	if got := h.latency(); got != (Latency{}) {
		t.Errorf("empty: %+v", got)
	}
	h.add(-time.Second)
	if got := h.percentile(99); got != 0 {
		t.Errorf("a negative duration counts as %v", got)
	}
	h.add(1500 * time.Microsecond)
	if got := h.latency(); got.Max != 1.5 || got.P99 > 1.5 || got.P50 != 0 {
		t.Errorf("two samples: %+v", got)
	}
}
